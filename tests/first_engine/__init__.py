"""The watch as it was first built: an object for every report, every report weighed by every shape.

Slow and plain, it is what the watch in columns is compared with. It says the same events; see
tests/properties/test_watch_against_the_first_engine.py.
"""
