"""Where the browser of the tests and benches is, and how it starts."""

from __future__ import annotations

import os
import shutil

CHROMIUM = os.environ.get("KUKAR_CHROMIUM") or shutil.which("chromium")
# Chromium's own sandbox does not start for root, as in most containers.
SANDBOX = [] if os.geteuid() else ["--no-sandbox"]
