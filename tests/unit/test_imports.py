"""What may not be loaded where it is not needed."""

from __future__ import annotations

import os
import subprocess
import sys


def test_serving_pages_does_not_load_the_estimators_compiler():
    script = (
        "import sys, django; django.setup(); import kukar_connect.urls;"
        " sys.exit('numba' in sys.modules)"
    )
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"}
    done = subprocess.run([sys.executable, "-c", script], env=environment, check=False)
    assert done.returncode == 0
