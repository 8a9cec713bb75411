"""The page about the doors is what the routes say, and every example of the guide is of a door that there is."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

from keepclear.api.app import ROUTES

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "guides" / "integrating.md"
PAGES = ("/healthz", "/v1/openapi.json", "/v1/docs", "/v1/ogc/api")


def test_the_page_and_the_document_are_what_the_routes_say():
    spec = importlib.util.spec_from_file_location("paste_api", ROOT / "scripts" / "paste_api.py")
    assert spec is not None
    assert spec.loader is not None
    paste_api = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(paste_api)
    assert paste_api.PAGE.read_text(encoding="utf-8") == paste_api.page(), "run: .venv/bin/python scripts/paste_api.py"
    assert paste_api.DOCUMENT.read_text(encoding="utf-8") == paste_api.openapi_text(), (
        "run: .venv/bin/python scripts/paste_api.py"
    )


def test_every_address_in_the_guide_is_one_of_the_doors():
    patterns = [re.compile(re.sub(r"\\{\w+\\}", r"[^/?]+", re.escape(route.path))) for route in ROUTES]
    named = set(re.findall(r"(?:\$NODE|`(?:GET|PUT|POST|DELETE) )(/[^\s\"'`?]*)", GUIDE.read_text(encoding="utf-8")))
    assert len(named) > 10
    assert {path for path in named if path not in PAGES and not any(one.fullmatch(path) for one in patterns)} == set()
