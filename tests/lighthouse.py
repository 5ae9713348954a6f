"""Ask Lighthouse what it thinks of a page."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.chromium import CHROMIUM, SANDBOX

ROOT = Path(__file__).resolve().parents[1]
LIGHTHOUSE = ROOT / "node_modules" / "lighthouse" / "cli" / "index.js"
ATTEMPTS = 3


def lighthouse(address: str, *options: str) -> dict[str, Any]:
    """Return its report of *address*.

    Now and then the trace of a load begins too late, and it asks to be run again. That
    is done twice; then RuntimeError is raised with what it says.
    """
    for _attempt in range(ATTEMPTS):
        report = _report(address, options)
        if "runtimeError" not in report:
            return report
        sys.stderr.write(f"Lighthouse: {report['runtimeError']['message']}\n")
    raise RuntimeError(report["runtimeError"]["message"])


def _report(address: str, options: tuple[str, ...]) -> dict[str, Any]:
    # Chromium's sockets lie there, and may have names of less than 108 letters.
    with TemporaryDirectory() as folder:
        out = Path(folder) / "lighthouse.json"
        ended = subprocess.run(
            [
                *("node", str(LIGHTHOUSE), address, *options),
                *("--output=json", f"--output-path={out}", "--quiet"),
                f"--chrome-flags={' '.join(['--headless=new', *SANDBOX])}",
                "--no-enable-error-reporting",
            ],
            env={**os.environ, "CHROME_PATH": str(CHROMIUM), "TMPDIR": folder},
            # It ends with 1 when it could not measure, and says so in its report.
            check=False,
            timeout=240,
        )
        if not out.exists():
            message = f"Lighthouse ended with {ended.returncode} and no report."
            raise RuntimeError(message)
        report: dict[str, Any] = json.loads(out.read_text())
    return report
