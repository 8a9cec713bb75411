"""A sign of life for somebody outside the node, given only while it is well: what is silent is dead."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path

from keepclear.host.config import Heartbeat

ASKING_S_MAX = 10.0


class Beating:
    """Gives the sign of life every so often.

    well  what is written; None while the node is not well, and then nothing is given
    told  is told once why the sign cannot be given, and once that it can again"""

    def __init__(
        self,
        heartbeat: Heartbeat,
        folder: Path,
        well: Callable[[], Mapping[str, object] | None],
        told: Callable[[str], None],
    ) -> None:
        self._fault = ""
        self._told = told
        self._heartbeat = heartbeat
        self._path = folder / heartbeat.file if heartbeat.file else None
        self._well = well

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            await self.beat()
            await asyncio.sleep(self._heartbeat.every_us / 1e6)

    async def beat(self) -> None:
        """One sign of life."""
        well = self._well()
        if well is None:
            return
        try:
            if self._path is not None:
                write_whole(self._path, json.dumps(well) + "\n")
            if self._heartbeat.url:
                await asyncio.to_thread(_ask, self._heartbeat.url)
            fault = ""
        except (OSError, http.client.HTTPException, ValueError) as error:
            fault = str(error) or type(error).__name__
        if bool(fault) != bool(self._fault):
            self._told(f"The heartbeat cannot be given: {fault}" if fault else "The heartbeat is given again.")
        self._fault = fault


def write_whole(path: Path, text: str) -> None:
    """Writes a file so that whoever reads it finds the old text or the new one, whole."""
    part = path.with_suffix(path.suffix + ".part")
    part.write_text(text, "utf-8")
    os.replace(part, path)


def _ask(url: str) -> None:
    with urllib.request.urlopen(url, timeout=ASKING_S_MAX) as answer:
        answer.read(1)
