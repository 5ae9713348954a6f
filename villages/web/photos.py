from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from kukar_connect.roles import has_role
from villages.models import Photo
from villages.services.store_photos import kept_path


@require_safe
@login_required
def photo(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show a photo to verifiers, and to whoever sent it."""
    shown = get_object_or_404(Photo, pk=pk, state=Photo.State.KEPT)
    if shown.sent_by_id != request.user.pk and not has_role(request.user, "verifier"):
        # Not even whether there is one.
        raise Http404
    try:
        content = kept_path(shown.id).read_bytes()
    except FileNotFoundError as error:
        raise Http404 from error
    return HttpResponse(
        content,
        content_type="image/jpeg",
        headers={
            "Content-Disposition": f'inline; filename="foto-{shown.id}.jpg"',
            # Asked for each time, because who may see it changes; mostly a 304.
            "Cache-Control": "private, no-cache",
            "X-Content-Type-Options": "nosniff",
        },
    )
