"""The modules of the map's script, so that the page can ask for all of them at once."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path, PurePosixPath

from django.contrib.staticfiles import finders

ENTRY = "js/map/main.js"
# `import … from "./x.js"`; what is loaded on demand, `import("./x.js")`, is not meant.
_IMPORT = re.compile(r"""^(?:import|\})[^;()]*?from "(\.[^"]+)";""", re.MULTILINE)


@lru_cache(maxsize=1)
def map_modules() -> list[str]:
    """Return what ENTRY imports, and what that imports, without ENTRY itself."""
    found: list[str] = []
    waiting = [ENTRY]
    while waiting:
        name = waiting.pop()
        path = finders.find(name)
        if path is None:
            continue
        for target in _IMPORT.findall(Path(path).read_text(encoding="utf-8")):
            module = _joined(PurePosixPath(name).parent, target)
            if module not in (*found, ENTRY):
                found.append(module)
                waiting.append(module)
    return sorted(found)


def _joined(folder: PurePosixPath, target: str) -> str:
    for part in target.split("/"):
        folder = folder.parent if part == ".." else folder / part
    return folder.as_posix()
