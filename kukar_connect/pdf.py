"""HTML as PDF on the server: no browser, no network, no file but the site's own."""

from __future__ import annotations

import gc
import mimetypes
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.exceptions import SuspiciousFileOperation
from django.utils.translation import gettext_noop
from PIL import ImageFile
from weasyprint import HTML
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher, URLFetcherResponse

from kukar_connect.errors import DomainError

# WeasyPrint tells Pillow, for the whole process, to take pictures that were cut off.
# A photo that was must be refused; whoever prints has whole pictures.
ImageFile.LOAD_TRUNCATED_IMAGES = False

# One sheet at a time in each process: drawing one takes a processor for a second, and
# the map has to stay quick for everybody else meanwhile.
_PRINTER = threading.BoundedSemaphore(1)
# Pictures drawn for the sheet itself: the map and the QR code.
_INLINE = re.compile(r"data:image/(?:png|svg\+xml)[;,]", re.IGNORECASE)


class PrinterBusyError(DomainError):
    status = 503
    title = gettext_noop("Another PDF is being made. Wait a few seconds and try again.")


class ForbiddenAddressError(ValueError):
    """A sheet asked for what is not part of this site; it is made without it."""


class OwnFilesOnly(URLFetcher):
    """Reads this site's static files and pictures within the page; nothing else."""

    def __init__(self, base_url: str) -> None:
        super().__init__(allowed_protocols={"data"}, allow_redirects=False)
        self._origin = urlsplit(base_url)[:2]
        self._static = urlsplit(settings.STATIC_URL).path

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> object:
        if _INLINE.match(url):
            return super().fetch(url, headers)
        path = self._own_file(url)
        if path is None:
            message = f"A sheet may not read {url[:200]}"
            raise ForbiddenAddressError(message)
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        return URLFetcherResponse(url, path.read_bytes(), {"Content-Type": kind})

    def _own_file(self, url: str) -> Path | None:
        parts = urlsplit(url)
        if parts[:2] != self._origin or not parts.path.startswith(self._static):
            return None
        name = unquote(parts.path.removeprefix(self._static))
        if "\0" in name:
            return None
        try:
            collected = Path(staticfiles_storage.path(name))
            found = collected if collected.is_file() else finders.find(name)
        except SuspiciousFileOperation:
            return None
        return Path(str(found)) if found and Path(str(found)).is_file() else None


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Put collecting off: a sheet's boxes all live until it is done.

    Each of the many collections that they set off looks at the whole process, a third
    of the time a sheet takes.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def pdf_bytes(html: str, *, base_url: str) -> bytes:
    """Return *html* as a tagged PDF (PDF/UA-1).

    *base_url* is the site's address, which links on the sheet lead to.

    Raises
    ------
    PrinterBusyError
        If another sheet is being made in this process and is not done in time.
    """
    if not _PRINTER.acquire(timeout=settings.KUKAR_PDF_PATIENCE_S):
        raise PrinterBusyError
    try:
        with _no_garbage_collection():
            document = HTML(
                string=html, base_url=base_url, url_fetcher=OwnFilesOnly(base_url)
            )
            pdf = document.write_pdf(
                font_config=FontConfiguration(), pdf_variant="pdf/ua-1"
            )
    finally:
        _PRINTER.release()
    return bytes(pdf or b"")
