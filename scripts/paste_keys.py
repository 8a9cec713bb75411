"""Writes docs/reference/keys.md and keys.json: every key that a client words for itself, with its parameters.

Run it with the Python that has Keepclear: .venv/bin/python scripts/paste_keys.py
tests/house/test_keys_page.py fails when the pages and the program differ.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from keepclear.render import keys

FOLDER = Path(__file__).parents[1] / "docs" / "reference"
PAGE, DATA = FOLDER / "keys.md", FOLDER / "keys.json"
BEGIN = """\
# Keys

Written by `scripts/paste_keys.py` from the program; `keys.json` beside it has the same for programs. Where a node tells people something,
it says a key and parameters, and English words beside them. Who shows it in another language makes the sentence from key and parameters.

What a parameter is: `text`, somebody's own words or names, shown as they are and never taken for markup; `id`, an id; `key:GROUP`, one
word of a group below, and `keys:GROUP` several, as a list or with a comma between them; `instant`, RFC 3339 in UTC; `s`, `m`, `deg`,
`count`, `bytes`, `share` (0 to 1), numbers; `flag`, true or false; `data`, structured, as [the doors](api.md) have it. What is not known is
left out or null, never zero.

"""
ABOUT = {
    "alerts": (
        "Alerts",
        "`AlertView.key` with `params`, and items of the desk. Any of them may have `repeats`, a count.",
    ),
    "conditions": ("Conditions on the desk", "`DeskItem.key` with `params`, where it is no alert."),
    "findings": ("Findings", "`FindingView.key` with `params`, of a message before it goes."),
    "lines": ("Lines", "`params` of an item of a thread or of the log of a shift, by its kind."),
}


def page() -> str:
    """The page for people."""
    said: dict[str, Any] = keys.all_keys()
    parts = [BEGIN]
    for name, (title, about) in ABOUT.items():
        parts.append(f"## {title}\n\n{about}\n\n| {'kind' if name == 'lines' else 'key'} | parameters |\n|---|---|\n")
        for key, params in said[name].items():
            parts.append(f"| `{key}` | {', '.join(f'`{param}` {what}' for param, what in params.items())} |\n")
        parts.append("\n")
    parts.append("## Keys of lines\n\n| kind | keys |\n|---|---|\n")
    parts += [f"| `{kind}` | {_row(some)} |\n" for kind, some in said["line_keys"].items()]
    parts.append("\n## Groups of words\n\n| group | words |\n|---|---|\n")
    parts += [f"| {group} | {_row(some)} |\n" for group, some in said["words"].items()]
    return "".join(parts)


def _row(some: list[str]) -> str:
    return ", ".join(f"`{one}`" for one in some)


def data() -> str:
    """The same as JSON."""
    return json.dumps(keys.all_keys(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    DATA.write_text(data(), encoding="utf-8")
    print(f"{PAGE.name}, {DATA.name}")
