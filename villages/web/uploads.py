"""Taking a file in: what is too large is refused before anything reads it."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_protect

from kukar_connect.roles import RoleRequiredMixin, has_role

# What a form adds to the bytes of its file.
FORM_OVERHEAD_BYTES = 64 * 1024


class BoundedUploadMixin(RoleRequiredMixin):
    """A form with a file, for analysts.

    Its URL is exempt from CSRF's own check, which would read the whole request; the
    token is checked here, after the size.
    """

    role = "analyst"

    @property
    @abstractmethod
    def most_bytes(self) -> int: ...

    @abstractmethod
    def too_large(self) -> str: ...

    def dispatch(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        if not has_role(request.user, "analyst"):
            return self.handle_no_permission()
        size = request.META.get("CONTENT_LENGTH") or "0"
        if size.isdecimal() and int(size) > self.most_bytes + FORM_OVERHEAD_BYTES:
            return HttpResponse(self.too_large(), status=413, content_type="text/plain")
        return self._dispatch(request, *args, **kwargs)

    @method_decorator(csrf_protect)
    def _dispatch(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        return super().dispatch(request, *args, **kwargs)
