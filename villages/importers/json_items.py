"""The items of one list in a JSON file, one by one, however large the file is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO, NoReturn

from django.utils.translation import gettext as _

from villages.importers.reading import MAX_LINE_BYTES

_CHUNK_BYTES = 64 * 1024
_MARKS = re.compile(rb'["{}\[\],]')
_END_OF_TEXT = re.compile(rb'"|\\')
# How deep one is inside the outermost object, and inside a list of it.
_OBJECT, _LIST = 1, 2


class DamagedError(ValueError):
    """The file ends, or stops making sense, before its list does."""


class ItemError(ValueError):
    """One item that cannot be read; those after it can."""


def read_items(stream: BinaryIO, key: str) -> Iterator[bytes | None]:
    """Yield the text of each item of the list *key* of a file's outermost object.

    Only the marks that structure JSON are looked at, so that neither depth nor length
    costs memory; an item that is too long comes as None. What stands behind the list
    is not read.

    Raises
    ------
    DamagedError
        If there is no such list, or no end of it.
    """
    stream.seek(0)
    wanted = json.dumps(key).encode()
    depth = 0
    is_in_text = is_escaped = is_found = is_too_long = False
    # The last text before the list, to know the list by its key.
    text = bytearray()
    item = bytearray()
    while data := stream.read(_CHUNK_BYTES):
        position = begin_of_text = kept = 0
        if is_escaped:
            position, is_escaped = 1, False
        while match := (_END_OF_TEXT if is_in_text else _MARKS).search(data, position):
            mark, begin, position = match.group(), match.start(), match.end()
            if is_in_text:
                if mark == b'"':
                    is_in_text = False
                    if not is_found:
                        text += data[begin_of_text:position]
                elif position == len(data):
                    is_escaped = True
                else:
                    position += 1
            elif mark == b'"':
                is_in_text = True
                begin_of_text = begin
                text.clear()
            elif mark in b"{[":
                is_list = mark == b"[" and depth == _OBJECT
                if is_list and not is_found and text == wanted:
                    is_found = True
                    kept = position
                depth += 1
            elif mark in b"}]":
                depth -= 1
                if is_found and depth < _LIST:
                    item += data[kept:begin]
                    if is_too_long or item.strip():
                        yield _bounded(item, is_too_long)
                    return
            elif is_found and depth == _LIST:
                item += data[kept:begin]
                yield _bounded(item, is_too_long)
                item.clear()
                kept, is_too_long = position, False
        if is_found:
            item += data[kept:]
            if len(item) > MAX_LINE_BYTES:
                is_too_long = True
                item.clear()
        elif is_in_text:
            # One that is longer than the key cannot be it, whatever follows.
            text = (text + data[begin_of_text:])[: len(wanted) + 1]
    if is_found:
        raise DamagedError(_("the list has no end"))
    raise DamagedError(_("there is no list “%(key)s” in it") % {"key": key})


def _bounded(item: bytearray, is_too_long: bool) -> bytes | None:
    return None if is_too_long or len(item) > MAX_LINE_BYTES else bytes(item)


def parse_item(text: bytes | None) -> Any:
    """Return the value that the text of an item stands for.

    Raises
    ------
    ItemError
        If it is too long, too deep, or not JSON.
    """
    if text is None:
        raise ItemError(
            _("Longer than %(bytes)d bytes, so it was not read.")
            % {"bytes": MAX_LINE_BYTES}
        )
    try:
        return json.loads(text.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise ItemError(_("Not written as JSON should be.")) from None


def _refuse_constant(name: str) -> NoReturn:
    # Python takes NaN and Infinity for numbers; JSON knows neither.
    raise ValueError(name)
