"""What somebody knows who reads pictures and does only what docs/spec/picture.md says."""

from __future__ import annotations

from typing import Any

ABOUT = ("subject", "names", "party", "attributed_by", "confidence", "source", "grading", "feeds", "count")
MOVED = ("lat", "lon", "error_m", "seen_at", "known_at", "height_m", "datum", "speed_mps", "course_deg")


class Shown:
    """Tracks by number, as they are shown."""

    def __init__(self) -> None:
        self.tracks: dict[int, dict[str, Any]] = {}
        self.taken = 0

    def take(self, picture: dict[str, Any]) -> None:
        """Takes a picture in."""
        self.taken += 1
        if picture["whole"]:
            self.tracks.clear()
        for track in picture.get("gone", ()):
            self.tracks.pop(track, None)
        for track, row in _rows(picture.get("about"), ABOUT):
            self.tracks.setdefault(track, {"zones": {}}).update(row)
        for track, row in _rows(picture.get("moved"), MOVED):
            self.tracks[track].update(row, area=None)
        for part, members in (("areas", ("area",)), ("standing", ("zones",))):
            for track, row in _rows(picture.get(part), members):
                self.tracks[track].update(row)

    def by_subject(self) -> dict[str, dict[str, Any]]:
        """The same by subject."""
        found = {track["subject"]: track for track in self.tracks.values()}
        assert len(found) == len(self.tracks)
        return found


def _rows(part: dict[str, list[Any]] | None, members: tuple[str, ...]) -> list[tuple[int, dict[str, Any]]]:
    if part is None:
        return []
    columns = [part[name] for name in members]
    return [(track, dict(zip(members, row, strict=True))) for track, *row in zip(part["track"], *columns, strict=True)]
