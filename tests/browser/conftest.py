"""Real nodes, a real console, a real Chromium. Where one of them is not installed, these tests are skipped, and say which."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.browser.cast import CastNode, cast_nodes

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.browser.consoles import Consoles


def chromium() -> str | None:
    """The installed program: that of KEEPCLEAR_CHROMIUM, or one on the PATH."""
    names = (os.environ.get("KEEPCLEAR_CHROMIUM"), "chromium", "chromium-browser", "google-chrome")
    return next((found for name in names if name and (found := shutil.which(name))), None)


# Of a module, not of the session: Playwright keeps a loop of asyncio running as long as it is there, and other tests start their own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for the tests of a module."""
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    from tests.browser.consoles import CHROMIUM_ARGS, PATIENCE_MS, ROOT

    if not (ROOT / "src" / "keepclear" / "_console" / "index.html").exists():
        pytest.skip("the console is not built: python scripts/build_console.py")
    if (program := chromium()) is None:
        pytest.skip("there is no Chromium here (on Debian or Ubuntu: apt install chromium)")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=program, args=CHROMIUM_ARGS, timeout=PATIENCE_MS)
        yield opened
        opened.close()


@pytest.fixture
def consoles(browser: Browser) -> Iterator[Consoles]:
    """Consoles of people; what went wrong in one of them unseen fails the test."""
    from tests.browser.consoles import Consoles

    opened = Consoles(browser)
    yield opened
    assert opened.closed() == []


@pytest.fixture(scope="module")
def alpha(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CastNode]:
    """Alpha's node with the zone Kestrel Pass and the feed `patrols`; one for the tests of a module."""
    with cast_nodes(tmp_path_factory.mktemp("alpha"), "alpha") as (node,):
        node.agrees_on_kestrel_pass()
        yield node
