"""The site's settings, with what only tests need."""

import tempfile
from pathlib import Path

from kukar_connect.settings import *  # noqa: F403 - these are the site's settings

# Nothing a test writes stays behind.
KUKAR_LOCAL_DIR = Path(tempfile.mkdtemp(prefix="kukar-test-"))
MEDIA_ROOT = KUKAR_LOCAL_DIR / "files"
STATIC_ROOT = KUKAR_LOCAL_DIR / "static"
STATIC_ROOT.mkdir()
# The files as they stand in the tree; nobody has collected them.
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# The real hasher takes a third of a second for every account a test makes.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
KUKAR_PUBLIC_MAP = False
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", "testserver"]
