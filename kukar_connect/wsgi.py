"""The entry point for gunicorn. WSGI, because GeoDjango leaks handles under ASGI."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import resolve

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kukar_connect.settings")
application = get_wsgi_application()
# All views are read now: otherwise each process lets its first visitor wait for that.
resolve("/healthz")
