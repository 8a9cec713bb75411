"""What every test relies on: generated cases are the same on every run, unless somebody asks to explore."""

from __future__ import annotations

from hypothesis import settings

from tests.postgres_server import postgres

__all__ = ["postgres"]  # a fixture for every test

# database=None: a failure is reproduced by the printed example, not by a file that other checkouts do not have.
settings.register_profile("ci", derandomize=True, deadline=None, database=None, print_blob=True)
# pytest --hypothesis-profile=explore: other cases each time, and more of them. What it finds becomes an @example.
settings.register_profile("explore", derandomize=False, deadline=None, max_examples=2000, print_blob=True)
settings.load_profile("ci")
