"""The `patterns` of a zone: which are to be told of, and from what size. Read strictly; written back as they are read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from keepclear.agreements.pattern_terms import (
    NO_PATTERNS,
    CirclingTerms,
    ClosingTerms,
    Expected,
    MannedTerms,
    MassingTerms,
    PatrolTerms,
    PatternTerms,
)
from keepclear.feeds.findings import Findings
from keepclear.feeds.zone_terms import (
    count,
    distance_mm,
    duration_text_exact,
    duration_us,
    given,
    length_text,
    number,
    text,
)
from keepclear.ground.errors import Refused

Terms = TypeVar("Terms")
# Of each member: its name in the file, that of the field, and how it is read and written.
Member = tuple[str, str, Callable[[object], object], Callable[..., object]]


def _length_text(length_mm: int) -> str:
    return length_text(length_mm / 1000)


def _parties(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        raise Refused("manned.not_list", "This is not a list of parties", value=value, mend='Write ["Alpha"].')
    return tuple(text(party) for party in value)


_WITHIN: Member = ("within", "within_us", duration_us, duration_text_exact)
_OUT_TO: Member = ("out_to", "out_to_mm", distance_mm, _length_text)
_MASSING: tuple[Member, ...] = (("rise", "rise", count, int), _WITHIN, ("in", "where", text, str))
_CIRCLING: tuple[Member, ...] = (("sweep_deg", "sweep_deg", number, float), _WITHIN, _OUT_TO)
_PATROL: tuple[Member, ...] = (
    ("lasting", "lasting_us", duration_us, duration_text_exact),
    ("way", "way_mm", distance_mm, _length_text),
    _OUT_TO,
)
_CLOSING: tuple[Member, ...] = (
    ("subjects", "subjects", count, int),
    ("by", "by_mm", distance_mm, _length_text),
    _WITHIN,
    _OUT_TO,
)
_MANNED: tuple[Member, ...] = (
    ("min", "least", count, int),
    ("by", "by", _parties, list),
    ("gap", "gap_us", duration_us, duration_text_exact),
)
_NAMES = ("massing", "circling", "patrol", "closing", "observed_every", "expected", "manned")
# What may have been meant where one of these members, or all of them, is null.
_INSTEAD_OF_NULL = {
    "patterns": '"patterns": {"massing": {}} for one of them with its defaults',
    "observed_every": '"observed_every": "30 min" for how often somebody reports',
    "expected": '"expected": [{"subject": "Alpha post 2", "every": "1 h"}] for who is reported how often',
}


def read_patterns(findings: Findings, path: str, value: object) -> PatternTerms | None:
    """`{"massing": {"rise": 3, "within": "6 h"}, "observed_every": "30 min"}`, any of them; `{}` takes the defaults."""
    if value is None:
        return None
    patterns = findings.members(path, value, _NAMES)
    if isinstance(value, dict):
        note_nulls(findings, path, value, _NAMES)
    found_before = findings.error_count
    massing = _read(findings, f"{path}.massing", patterns.get("massing"), MassingTerms, _MASSING)
    circling = _read(findings, f"{path}.circling", patterns.get("circling"), CirclingTerms, _CIRCLING)
    patrol = _read(findings, f"{path}.patrol", patterns.get("patrol"), PatrolTerms, _PATROL)
    closing = _read(findings, f"{path}.closing", patterns.get("closing"), ClosingTerms, _CLOSING)
    every_us = given(findings, f"{path}.observed_every", patterns.get("observed_every"), duration_us, None)
    expected = _read_expected(findings, f"{path}.expected", patterns.get("expected"))
    manned = _read(findings, f"{path}.manned", patterns.get("manned"), MannedTerms, _MANNED)
    if findings.error_count > found_before:
        return None
    return findings.attempt(path, PatternTerms, massing, circling, patrol, closing, every_us, expected, manned)


def note_nulls(findings: Findings, path: str, value: Mapping[str, object], names: Iterable[str]) -> None:
    """Notes which of these members are null: it counts as missing, where a person may have meant the defaults."""
    for name in names:
        if name in value and value[name] is None:
            instead = _INSTEAD_OF_NULL.get(name, f'"{name}": {{}} for this pattern with its defaults')
            what, mend = "This is null and counts as missing", f"Leave it out, or write {instead}."
            findings.note(f"{path}.{name}", Refused("pattern.null", what, value="null", mend=mend))


def write_patterns(terms: PatternTerms) -> dict[str, object] | None:
    """The object from which the same terms are read again; None where there are none."""
    if terms == NO_PATTERNS:
        return None
    every_us = terms.observed_every_us
    written: dict[str, object] = {
        "massing": _written(terms.massing, _MASSING),
        "circling": _written(terms.circling, _CIRCLING),
        "patrol": _written(terms.patrol, _PATROL),
        "closing": _written(terms.closing, _CLOSING),
        "observed_every": None if every_us is None else duration_text_exact(every_us),
        "expected": [
            {"subject": expected.subject, "every": duration_text_exact(expected.every_us)}
            for expected in terms.expected
        ],
        "manned": _written(terms.manned, _MANNED),
    }
    return {name: value for name, value in written.items() if value}


def _read(
    findings: Findings, path: str, value: object, terms: Callable[..., Terms], members: tuple[Member, ...]
) -> Terms | None:
    if value is None:
        return None
    found_before = findings.error_count
    entered = findings.members(path, value, tuple(name for name, *_ in members))
    fields = {
        field: findings.attempt(f"{path}.{name}", read, entered[name])
        for name, field, read, _ in members
        if name in entered
    }
    return None if findings.error_count > found_before else findings.attempt(path, lambda: terms(**fields))


def _written(terms: object | None, members: tuple[Member, ...]) -> dict[str, object] | None:
    if terms is None:
        return None
    written = {name: write(getattr(terms, field)) for name, field, _, write in members}
    return {name: value for name, value in written.items() if value != []}


def _read_expected(findings: Findings, path: str, value: object) -> tuple[Expected, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        mend = 'Write [{"subject": "Alpha post 2", "every": "1 h"}].'
        findings.error(path, Refused("expected.not_list", "This is not a list of subjects", value=value, mend=mend))
        return ()
    found = []
    for i, item in enumerate(value):
        entry = findings.members(f"{path}[{i}]", item, ("subject", "every"))
        subject = findings.attempt(f"{path}[{i}].subject", text, entry.get("subject", ""))
        every_us = findings.attempt(f"{path}[{i}].every", duration_us, entry.get("every"))
        if subject is not None and every_us is not None:
            expected = findings.attempt(f"{path}[{i}]", Expected, subject, every_us)
            found += [expected] if expected else []
    return tuple(found)
