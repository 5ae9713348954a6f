"""Giving answers that are kept, and keeping what never changes.

A view that has made an answer keeps it under a key that names all it depends on, the
run with its checksum among it. Who may have it is asked before it is looked for.
"""

from __future__ import annotations

import gzip
from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response

from kukar_connect.answer_store import Answer, AnswerStore

# Less than a packet is not worth packing.
LEAST_TO_PACK = 400
IS_PACKED = ("image/png", "image/webp", "application/zip")
# A key is an address; one that is longer was not made by a link of ours.
LONGEST_KEY = 1500


@lru_cache(maxsize=1)
def _store_at(folder: str, megabytes: int) -> AnswerStore:
    return AnswerStore(settings.KUKAR_LOCAL_DIR / folder, megabytes * 1_000_000)


def store() -> AnswerStore:
    return _store_at("kept", settings.KUKAR_TILE_CACHE_MB)


def kept_answer(
    request: HttpRequest, key: str | None, *, is_fixed: bool
) -> HttpResponse | None:
    """Return what is kept under *key* as *request* takes it, None where nothing is.

    *is_fixed*: the address asked for will never mean anything else.
    """
    if key is None:
        return None
    packed = _takes_gzip(request)
    found = store().find(f"{key} gzip" if packed else key)
    if found is None and packed:
        found = store().find(key)
        if found is not None:
            found = _packed(key, found)
    return None if found is None else _given(request, found, is_fixed)


def is_kept(key: str) -> bool:
    return store().find(key) is not None


def keep(key: str | None, response: HttpResponse) -> Answer:
    """Keep *response*, which is not packed; without a key it is not kept."""
    answer = Answer(response.content, dict(response.items()), response.status_code)
    if key is not None and len(key) <= LONGEST_KEY:
        store().keep(key, answer)
    return answer


def keep_answer(
    request: HttpRequest, key: str | None, response: HttpResponse, *, is_fixed: bool
) -> HttpResponse:
    """Keep *response*, which is not packed, and return it as *request* takes it.

    Its ETag is weak, for it names the packed answer too. Without a key it is not kept.
    """
    answer = keep(key, response)
    if key is not None and len(key) <= LONGEST_KEY and _takes_gzip(request):
        answer = _packed(key, answer)
    return _given(request, answer, is_fixed)


def _takes_gzip(request: HttpRequest) -> bool:
    return "gzip" in request.META.get("HTTP_ACCEPT_ENCODING", "")


def _packed(key: str, answer: Answer) -> Answer:
    is_small = len(answer.body) < LEAST_TO_PACK
    if is_small or answer.headers.get("Content-Type", "") in IS_PACKED:
        return answer
    body = gzip.compress(answer.body, 6, mtime=0)
    packed = Answer(body, {**answer.headers, "Content-Encoding": "gzip"}, answer.status)
    store().keep(f"{key} gzip", packed)
    return packed


def _given(request: HttpRequest, answer: Answer, is_fixed: bool) -> HttpResponse:
    response = HttpResponse(answer.body, status=answer.status, headers=answer.headers)
    # Private, unless everybody may see the map: who may is this site's to say.
    whose = "public" if settings.KUKAR_PUBLIC_MAP else "private"
    response["Cache-Control"] = (
        f"{whose}, max-age=31536000, immutable" if is_fixed else "private, no-cache"
    )
    response["Vary"] = "Accept-Encoding"
    if "HTTP_IF_NONE_MATCH" not in request.META:
        return response
    etag = response.get("ETag")
    return get_conditional_response(request, etag, None, response) or response
