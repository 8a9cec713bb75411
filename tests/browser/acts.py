"""What people and the world do in more than one test of the console: somebody enters the zone, an item of the queue is found, an answer is lost."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.running import PATIENCE_S

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Route

    from tests.browser.cast import CastNode
    from tests.browser.consoles import AtConsole

WORDS = Path(__file__).parents[2] / "web" / "src" / "words"
IN_THE_PASS, FAR_FROM_IT = (33.55, 38.6), (34.2, 38.6)


def word(language: str, key: str) -> str:
    """What the console calls something, where it has no places for something in it."""
    return str(json.loads((WORDS / language / f"{key.partition('.')[0]}.json").read_text("utf-8"))[key])


def until(found: Callable[[], Any]) -> Any:
    """Asks again until there is something; each ask takes its time at the node."""
    end_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < end_s:
        if result := found():
            return result
    raise AssertionError("it did not come about")


def enters(node: CastNode, *subjects: str) -> None:
    """They come from afar, and are in Kestrel Pass."""
    now = datetime.now(UTC)
    for minutes, (lat, lon) in ((20, FAR_FROM_IT), (1, IN_THE_PASS)):
        for subject in subjects:
            node.hears(subject, lat, lon, seen_at=(now - timedelta(minutes=minutes)).isoformat())


def steps_about(node: CastNode, subject: str) -> list[dict[str, str]]:
    """What was done about the alerts of a subject."""
    alerts = node.ask("otto", "GET", f"/v1/alerts?subject={subject}")["items"]
    return [step for alert in alerts for step in alert["steps"]]


def item(who: AtConsole, subject: str) -> Locator:
    """What is about a subject in the queue."""
    return who.page.get_by_role("article").filter(has_text=subject)


def head(who: AtConsole, subject: str) -> Locator:
    """By which that is opened."""
    return item(who, subject).locator("button[data-item]")


def loses_answers_to(who: AtConsole, door: re.Pattern[str]) -> None:
    """The node takes whatever is posted there, and its answers do not come."""
    who.has_no_network = True  # what the page says of a request that was lost is no fault

    def lost(route: Route) -> None:
        if route.request.method == "POST":
            route.fetch()
            route.abort("connectionreset")
        else:
            route.continue_()

    who.page.route(door, lost)
