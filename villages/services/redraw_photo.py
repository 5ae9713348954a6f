"""A photo as it came, drawn anew: upright, not too large, and without metadata."""

from __future__ import annotations

import io
import struct
import threading
import zlib
from dataclasses import dataclass

from PIL import Image, ImageOps

from villages.models import Photo

# Told by their content; what a file is called says nothing.
FORMATS = ("JPEG", "PNG", "WEBP")
# Cameras of 13 megapixels send more than a screen shows; a small file of more than this
# is made to fill a server's memory. One of this takes up to 300 MB (WebP with
# transparency), the phone's own 25 MB.
MAX_PIXELS = 16_000_000
# One at a time in each process, so that many at once do not add up.
_turn = threading.Lock()
KEPT_SIDE_PX = 1600
KEPT_QUALITY = 82

# What Pillow raises at files that are broken, or made to break it.
_BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    ArithmeticError,
    LookupError,
    TypeError,
    struct.error,
    zlib.error,
)
_BOMB = (Image.DecompressionBombError, Image.DecompressionBombWarning)


class CannotRedrawError(Exception):
    """What came cannot be kept as a photo; *refusal* says why."""

    def __init__(self, refusal: Photo.Refusal) -> None:
        super().__init__(refusal)
        self.refusal = refusal


@dataclass(frozen=True)
class Redrawn:
    jpeg: bytes
    # Of what came, not of what is kept.
    format: str
    width_px: int
    height_px: int


def redraw(content: bytes) -> Redrawn:
    """Decode *content* and return it as a JPEG of our own making.

    Raises
    ------
    CannotRedrawError
        If it is no JPEG, PNG or WebP, is damaged, or has too many pixels.
    """
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise CannotRedrawError(Photo.Refusal.TOO_MANY_PIXELS)
            # Pictures of some phones hold a second one behind the first.
            format_ = "JPEG" if image.format == "MPO" else str(image.format)
            with _turn:
                return _redraw(image, format_)
    except _BOMB as error:
        raise CannotRedrawError(Photo.Refusal.TOO_MANY_PIXELS) from error
    except _BROKEN as error:
        raise CannotRedrawError(Photo.Refusal.NOT_AN_IMAGE) from error


def _redraw(image: Image.Image, format_: str) -> Redrawn:
    # A JPEG is decoded to about the size wanted, which takes far less memory.
    image.draft("RGB", (KEPT_SIDE_PX, KEPT_SIDE_PX))
    image.thumbnail((KEPT_SIDE_PX, KEPT_SIDE_PX))
    upright = ImageOps.exif_transpose(image)
    has_alpha = upright.has_transparency_data
    pixels = upright.convert("RGBA" if has_alpha else "RGB")
    # A new picture that gets the pixels and nothing else: comments, profiles and
    # positions stay behind.
    kept = Image.new("RGB", pixels.size, "white")
    kept.paste(pixels, mask=pixels if has_alpha else None)
    file = io.BytesIO()
    kept.save(file, "JPEG", quality=KEPT_QUALITY, optimize=True)
    return Redrawn(file.getvalue(), format_, *kept.size)
