"""Parts of files by HTTP ranges (RFC 9110, section 14)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
_BLOCK_BYTES = 256 * 1024


def span(header: str, size: int, *, most: int | None = None) -> tuple[int, int] | None:
    """Return the first byte and how many, of a Range header for *size* bytes.

    They are no more than *most*.

    None where it cannot be satisfied; raises ValueError where it is not one range of
    bytes, which by RFC 9110 is as if it had not been sent.

    >>> span("bytes=0-126", 1000), span("bytes=-100", 1000), span("bytes=990-", 1000)
    ((0, 127), (900, 100), (990, 10))
    >>> span("bytes=1000-", 1000) is None
    True
    """
    match = _RANGE.fullmatch(header.strip())
    if match is None or match[0] == "bytes=-":
        raise ValueError(header)
    first, last = match[1], match[2]
    if not first:
        start, end = max(size - int(last), 0), size
        if int(last) == 0:
            return None
    else:
        start = int(first)
        end = size if not last else min(int(last) + 1, size)
        if last and int(last) < start:
            raise ValueError(header)
    if start >= size:
        return None
    length = end - start
    return start, length if most is None else min(length, most)


class FilePart:
    """Blocks of a part of an open file, which is closed when the answer is over."""

    def __init__(self, file: BinaryIO, start: int, length: int) -> None:
        self.file = file
        self.left = length
        file.seek(start)

    def __iter__(self) -> Iterator[bytes]:
        while block := self.file.read(min(_BLOCK_BYTES, self.left)):
            self.left -= len(block)
            yield block

    def close(self) -> None:
        self.file.close()
