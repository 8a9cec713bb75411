"""The moving example as a program beside this one, for whoever wants to look before they make a node."""

from __future__ import annotations

import asyncio
import re
import signal
import sys
from contextlib import suppress

from keepclear.api.problems import Declined

STARTS_WITHIN_S = 300.0
STOPS_WITHIN_S = 30.0
_OF_FIRST_PARTY = re.compile(r"http://127\.0\.0\.1:\d+/\S+")


class ExampleBeside:
    """Used as a context: the example ends with it."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._newest = ""
        self._is_there = asyncio.Event()
        self._starting = asyncio.Lock()

    async def __aenter__(self) -> ExampleBeside:
        return self

    async def __aexit__(self, *_: object) -> None:
        process = self._process
        if process is not None and process.returncode is None:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGINT)
            try:
                await asyncio.wait_for(process.wait(), STOPS_WITHIN_S)
            except TimeoutError:
                process.kill()
        if self._reading is not None:
            await self._reading

    async def address(self) -> str:
        """Starts the example, unless it runs; gives the newest address that it has printed for its officer."""
        async with self._starting:
            if self._process is None or self._process.returncode is not None:
                self._is_there.clear()
                self._process = await asyncio.create_subprocess_exec(
                    sys.executable, "-m", "keepclear", "example", "at-tanf", "--live", stdout=asyncio.subprocess.PIPE
                )
                self._reading = asyncio.create_task(self._read(self._process))
            with suppress(TimeoutError):
                await asyncio.wait_for(self._is_there.wait(), STARTS_WITHIN_S)
            if not self._newest:
                raise Declined(
                    503, "setup.no_example", "The example did not start; the reason stands where the node was started."
                )
            return self._newest

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            if found := _OF_FIRST_PARTY.search(line.decode()):
                self._newest = found[0]
                self._is_there.set()
        self._newest = ""
        self._is_there.set()
