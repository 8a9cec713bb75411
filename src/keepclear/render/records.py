"""Events as records of the events file, version 1: the line that the watch makes of an event, and one sentence behind it.

The format is promised in docs/spec/events.md. One record is one line; the same events give the same bytes.
"""

from __future__ import annotations

from json.encoder import encode_basestring as quoted

from keepclear.render import sentences
from keepclear.watch import lines
from keepclear.watch.events import Alert, Event, Presence


def line_of(event: Event, zone_name: str) -> str:
    """The event as one line of JSON, without the line break."""
    return f'{lines.line_of(event)[:-1]},"text":{quoted(_sentence(event, zone_name))}}}'


def _sentence(event: Event, zone_name: str) -> str:
    if isinstance(event, Presence):
        return sentences.of_presence(event, zone_name)
    if isinstance(event, Alert):
        return sentences.of_alert(event)
    return sentences.of_correction(event, zone_name)
