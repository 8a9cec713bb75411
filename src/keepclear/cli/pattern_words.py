"""The patterns a zone asks to be told of, in words: one sentence each, none for a zone without."""

from __future__ import annotations

from keepclear.agreements.pattern_terms import PatternTerms
from keepclear.ground.instants import duration_text


def patterns_in_words(terms: PatternTerms) -> list[str]:
    """What is told beyond single positions."""
    sentences = []
    if (massing := terms.massing) is not None:
        where = "inside or in the band" if massing.where == "band" else "inside"
        sentences.append(f"Massing: {massing.rise} more {where} than within {duration_text(massing.within_us)} before.")
    if (circling := terms.circling) is not None:
        swept = f"{circling.sweep_deg:g}° about the zone within {duration_text(circling.within_us)}"
        sentences.append(f"Circling: {swept}, {_out_to(circling.out_to_mm)}.")
    if (patrol := terms.patrol) is not None:
        way = f"{patrol.way_mm / 1000:g} m to and fro in {duration_text(patrol.lasting_us)}"
        sentences.append(f"Patrol: {way}, {_out_to(patrol.out_to_mm)}.")
    if (closing := terms.closing) is not None:
        nearer = f"{closing.by_mm / 1000:g} m nearer within {duration_text(closing.within_us)}"
        sentences.append(f"Closing: {closing.subjects} subjects, each {nearer}, {_out_to(closing.out_to_mm)}.")
    if terms.observed_every_us is not None:
        sentences.append(f"Observed: somebody reports from there every {duration_text(terms.observed_every_us)}.")
    if terms.expected:
        each = "; ".join(f"{expected.subject} every {duration_text(expected.every_us)}" for expected in terms.expected)
        sentences.append(f"Expected: {each}.")
    if (manned := terms.manned) is not None:
        by = f" of {', '.join(manned.by)}" if manned.by else ""
        sentences.append(f"Manned: at least {manned.least}{by} inside, but for gaps of {duration_text(manned.gap_us)}.")
    return sentences


def _out_to(out_to_mm: int) -> str:
    return f"out to {out_to_mm / 1_000_000:g} km from the edge"
