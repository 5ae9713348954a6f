"""Settings. Everything that differs between offices comes from the environment."""

from __future__ import annotations

import re
from ipaddress import ip_network
from pathlib import Path

import environ
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

# bin/setup keeps DATABASE_URL and SECRET_KEY here; the real environment wins.
environ.Env.read_env(BASE_DIR / ".local" / "env")

SECRET_KEY = env.str("SECRET_KEY")
DEBUG = env.bool("KUKAR_DEBUG", default=False)
ALLOWED_HOSTS = env.list(
    "KUKAR_ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"]
)
CSRF_TRUSTED_ORIGINS = env.list("KUKAR_TRUSTED_ORIGINS", default=[])

# Opens the aggregated layers and their API to people who have not signed in.
KUKAR_PUBLIC_MAP = env.bool("KUKAR_PUBLIC_MAP", default=False)
KUKAR_LOCAL_DIR = Path(env.str("KUKAR_LOCAL_DIR", default=str(BASE_DIR / ".local")))
# Answers that never change, kept there from start to start; 0: none.
KUKAR_TILE_CACHE_MB = env.int("KUKAR_TILE_CACHE_MB", default=512)
# A background that is drawn only when someone switches it on. Empty: no choice.
# Files of the office's own, both optional: docs/operations.md.
KUKAR_SITES = env.str("KUKAR_SITES", default="")
KUKAR_ELEVATION = env.str("KUKAR_ELEVATION", default="")
# Lines in any OGR format, along which to look for what nobody has measured.
KUKAR_RIVERS = env.str("KUKAR_RIVERS", default="")
KUKAR_ROADS = env.str("KUKAR_ROADS", default="")
KUKAR_OSM_TILES = env.str(
    "KUKAR_OSM_TILES", default="https://tile.openstreetmap.org/{z}/{x}/{y}.png"
)
# A .pmtiles file of the office's own, and who has to be named on it: docs/basemap.md.
KUKAR_BASEMAP = env.str("KUKAR_BASEMAP", default="")
KUKAR_BASEMAP_ATTRIBUTION = env.str(
    "KUKAR_BASEMAP_ATTRIBUTION", default="© OpenStreetMap"
)
# Sites that may show the map of /tertanam/ in a page of theirs. Empty: none.
KUKAR_FRAME_ANCESTORS = env.list("KUKAR_FRAME_ANCESTORS", default=[])
for _site in KUKAR_FRAME_ANCESTORS:
    # They stand in a header as they are.
    if not re.fullmatch(r"'self'|https?://[\w.*-]+(:\d+)?", _site):
        _wrong = f"KUKAR_FRAME_ANCESTORS: {_site!r} is not https://name or 'self'"
        raise ImproperlyConfigured(_wrong)

# --- paper: docs/paper.md -----------------------------------------------------
# The head of every sheet: its lines, from above to below, and a picture's full path.
KUKAR_LETTERHEAD = env.str("KUKAR_LETTERHEAD", default="Kukar Connect")
KUKAR_LETTERHEAD_LOGO = env.str("KUKAR_LETTERHEAD_LOGO", default="")
# What links and QR codes on paper begin with; empty: as the request came in.
KUKAR_PUBLIC_URL = env.str("KUKAR_PUBLIC_URL", default="").rstrip("/")
# How long a sheet waits for the one before it, before it says so.
KUKAR_PDF_PATIENCE_S = env.float("KUKAR_PDF_PATIENCE_S", default=8.0)

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.gis",
    "django.contrib.humanize",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "leaflet",
    "axes",
    "corsheaders",
    "csp",
    "django_tasks",
    "django_tasks_db",
    "villages",
    "coverage",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    # What CORS adds has to be added before it.
    "coverage.api.run_answers.KeptRunAnswers",
    "coverage.api.without_session.WithoutSession",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "kukar_connect.api_edge.Compression",
    "kukar_connect.api_edge.RateHeaders",
    "django.middleware.http.ConditionalGetMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "kukar_connect.urls"
WSGI_APPLICATION = "kukar_connect.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

_TEMPLATE_OPTIONS = {
    "context_processors": [
        "django.template.context_processors.request",
        "django.contrib.auth.context_processors.auth",
        "django.contrib.messages.context_processors.messages",
        "villages.web.context.site",
    ],
}
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": _TEMPLATE_OPTIONS,
    },
    {
        # The same templates in another frame: here base.html is a sheet of paper.
        "NAME": "paper",
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates" / "paper", BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": _TEMPLATE_OPTIONS,
    },
]

DATABASES = {"default": env.db("DATABASE_URL")}
DATABASES["default"] |= {
    "ENGINE": "kukar_connect.postgis",
    "CONN_MAX_AGE": 60,
    "CONN_HEALTH_CHECKS": True,
}

TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}

# --- language and time -------------------------------------------------------
LANGUAGE_CODE = "id"
LANGUAGES = [("id", _("Indonesian")), ("en", _("English"))]
FORMAT_MODULE_PATH = ["kukar_connect.formats"]
LOCALE_PATHS = [BASE_DIR / "kukar_connect" / "locale"]
USE_I18N = True
USE_TZ = True
# WITA, the regency's own time, on screen; UTC in the database.
TIME_ZONE = "Asia/Makassar"

# --- files -------------------------------------------------------------------
STATIC_URL = "static/"
STATIC_ROOT = KUKAR_LOCAL_DIR / "static"
# npm packages as bin/setup installed them; what the map loads from them, it loads
# when somebody measures or switches the office's background on.
_NPM = BASE_DIR / "node_modules"
STATICFILES_DIRS = [
    # First: bin/bundle joins what a page of static/ loads into one file of its name.
    BASE_DIR / ".local" / "bundles",
    BASE_DIR / "static",
    ("npm/geographiclib-geodesic", _NPM / "geographiclib-geodesic"),
    ("npm/pmtiles", _NPM / "pmtiles" / "dist"),
    ("npm/protomaps-leaflet", _NPM / "protomaps-leaflet" / "dist"),
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if not DEBUG
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
MEDIA_ROOT = KUKAR_LOCAL_DIR / "files"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
# A sheet of claims is confirmed with two fields for each of its 1,000 rows.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_500
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
# An office's largest drive-test log so far is far below this.
KUKAR_MAX_UPLOAD_BYTES = 200 * 1024 * 1024
# A phone makes its photos about 200 kB; other clients may send them as they were taken.
KUKAR_MAX_PHOTO_BYTES = 3_000_000
# Photos are turned away while less than this is free: the reports need it.
KUKAR_PHOTO_RESERVE_BYTES = 500_000_000

# --- bulk files of runs: docs/downloads.md -------------------------------------
# How often the current run's are built at most, and for how many days they stay when
# another run is the newest of the month.
KUKAR_FILES_EVERY_MINUTES = env.int("KUKAR_FILES_EVERY_MINUTES", default=30)
KUKAR_FILES_KEEP_DAYS = env.int("KUKAR_FILES_KEEP_DAYS", default=3)
# None are built while less than this would be left: the reports need it.
KUKAR_FILES_RESERVE_BYTES = env.int("KUKAR_FILES_RESERVE_BYTES", default=700_000_000)
# Who answers for the data, and under which licence they are given, for catalogues of
# open data. An empty licence: none is stated.
KUKAR_PUBLISHER = env.str(
    "KUKAR_PUBLISHER",
    default="Dinas Komunikasi dan Informatika Kabupaten Kutai Kartanegara",
)
KUKAR_DATA_LICENSE = env.str("KUKAR_DATA_LICENSE", default="")

# --- what becomes of odd reports: docs/review.md ------------------------------
# Until somebody has looked: "hold" keeps the report off the map, a number above 0 and
# up to 1 is the weight it counts with. 1 where the estimator itself counts less what
# is inaccurate or old.
KUKAR_FLAG_EFFECTS = {
    "outside_regency": 0.5,
    "poor_accuracy": 1,
    "null_island": "hold",
    "village_centroid": "hold",
    "impossible_speed": "hold",
    "repeated_reading": "hold",
    # Lowered only: or the map would never hear of a new site, or of one that died.
    "contradicts_neighbours": 0.5,
    "future": "hold",
    "impossible_time": "hold",
    "old": 1,
    "wrong_clock": 0.5,
} | env.json("KUKAR_FLAG_EFFECTS", default={})
# Boats and cars stay far below, a rescue helicopter does 230 to 260; a phone in an
# aeroplane says nothing about the ground.
KUKAR_MOST_SPEED_KMH = env.float("KUKAR_MOST_SPEED_KMH", default=250.0)
# As far as the estimator takes a report for evidence.
KUKAR_NEIGHBOUR_RANGE_M = env.float("KUKAR_NEIGHBOUR_RANGE_M", default=1000.0)

# --- who may enter -----------------------------------------------------------
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "map"
LOGOUT_REDIRECT_URL = "login"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_TEMPLATE = "registration/locked_out.html"
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False

# How long a code that enrols a phone is good for: a trip to the office and back.
KUKAR_ENROLMENT_HOURS = env.int("KUKAR_ENROLMENT_HOURS", default=48)

# How long a token of the API may hold, and how many one account may have.
KUKAR_TOKEN_MOST_DAYS = env.int("KUKAR_TOKEN_MOST_DAYS", default=366)
KUKAR_TOKENS_OF_ONE = env.int("KUKAR_TOKENS_OF_ONE", default=20)

# --- webhooks: docs/webhooks.md -----------------------------------------------
KUKAR_WEBHOOKS_OF_ONE = env.int("KUKAR_WEBHOOKS_OF_ONE", default=10)
# Addresses that begin with http:// too, for receivers in the office's own network.
KUKAR_WEBHOOK_HTTP = env.bool("KUKAR_WEBHOOK_HTTP", default=False)
# Names and networks that may be called although they are not public.
KUKAR_WEBHOOK_PRIVATE = env.list("KUKAR_WEBHOOK_PRIVATE", default=[])
for _place in KUKAR_WEBHOOK_PRIVATE:
    if "/" in _place:
        try:
            ip_network(_place)
        except ValueError as _error:
            _wrong = f"KUKAR_WEBHOOK_PRIVATE: {_error}"
            raise ImproperlyConfigured(_wrong) from _error
# How long messages and what became of them can be looked up.
KUKAR_WEBHOOK_KEEP_DAYS = env.int("KUKAR_WEBHOOK_KEEP_DAYS", default=30)

# --- safety ------------------------------------------------------------------
IS_HTTPS = env.bool("KUKAR_HTTPS", default=False)
if IS_HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = IS_HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if IS_HTTPS else 0
SESSION_COOKIE_HTTPONLY = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

_tile_origin = KUKAR_OSM_TILES.split("/{", 1)[0] if KUKAR_OSM_TILES else None
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        # The nonce is for the admin's map widget, which brings an inline script; it is
        # only sent on pages that ask for one, and ours ask for none.
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"] + ([_tile_origin] if _tile_origin else []),
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "worker-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    }
}

# --- API ---------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "villages.api.token_auth.ApiTokenAuthentication",
        "villages.api.device_auth.DeviceAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["kukar_connect.roles.CanSeeMap"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["kukar_connect.parsers.BoundedJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "kukar_connect.negotiation.JsonNegotiation",
    "DEFAULT_THROTTLE_CLASSES": ["villages.api.rates.Rates"],
    # How many proxies of the office's own stand before this server.
    "NUM_PROXIES": env.int("KUKAR_PROXIES", default=1 if IS_HTTPS else 0),
    "EXCEPTION_HANDLER": "kukar_connect.problems.problem_response",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
# Rates of a token, and of an address from which nobody has signed in: docs/api.md.
# The public map asks dozens of times when it is opened, and offices share addresses.
KUKAR_RATES = {
    "token": ["600/minute", "100000/day"],
    "address": ["3000/minute"],
} | env.json("KUKAR_RATES", default={})
for _kind, _rates in KUKAR_RATES.items():
    if _kind not in ("token", "address") or not all(
        re.fullmatch(r"[1-9]\d{0,8}/(second|minute|hour|day)", _rate)
        for _rate in _rates
    ):
        _wrong = f"KUKAR_RATES: {_kind!r} has no rates such as 600/minute"
        raise ImproperlyConfigured(_wrong)
_LOCAL_MEMORY = "django.core.cache.backends.locmem.LocMemCache"
CACHES = {
    "default": {"BACKEND": _LOCAL_MEMORY},
    # Who has asked too often (villages/api/rates.py): as many as a flood may have.
    "over": {
        "BACKEND": _LOCAL_MEMORY,
        "LOCATION": "over",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    },
}

# Sites whose scripts may read the API, without anybody's session; "*" is all of them.
_origins = env.list("KUKAR_CORS_ORIGINS", default=[])
CORS_ALLOW_ALL_ORIGINS = _origins == ["*"]
CORS_ALLOWED_ORIGINS = [] if CORS_ALLOW_ALL_ORIGINS else _origins
CORS_URLS = r"^/(api|ogc)/"
# Where no site is named, no answer is looked at for it.
CORS_URLS_REGEX = CORS_URLS if _origins else r"(?!)"
CORS_ALLOW_CREDENTIALS = False
CORS_EXPOSE_HEADERS = [
    "ETag",
    "Link",
    "Retry-After",
    "RateLimit-Limit",
    "RateLimit-Policy",
    "RateLimit-Remaining",
    "RateLimit-Reset",
    "Content-Crs",
]

SPECTACULAR_SETTINGS = {
    "TITLE": "Kukar Connect",
    "DESCRIPTION": (
        "Mobile coverage of Kutai Kartanegara from measured reports: "
        "covered, blank, or unknown, never mixed up."
    ),
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENUM_NAME_OVERRIDES": {
        "WebhookStateEnum": "villages.models.webhooks.Webhook.State",
        "WebhookDeliveryStateEnum": "villages.models.webhooks.WebhookDelivery.State",
        "WebhookOutcomeEnum": "villages.models.webhooks.WebhookOutcome",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "kukar_connect.schema.with_problems",
    ],
}

# Django's own GDAL (Debian's) parses nothing that comes from outside: boundary files
# are read through pyogrio, which brings its own.
SILENCED_SYSTEM_CHECKS = ["gis.W001"]

LEAFLET_CONFIG = {
    # The regency's extent, so that the admin's map opens on it.
    "SPATIAL_EXTENT": (115.2, -1.2, 117.7, 1.6),
    # No tiles from outside: the office's network may have none.
    "TILES": [],
    "MIN_ZOOM": 6,
    "MAX_ZOOM": 18,
    "RESET_VIEW": False,
    # The marker's picture has a hashed name, which Leaflet cannot guess.
    "FORCE_IMAGE_PATH": True,
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {
        "handlers": ["stderr"],
        "level": env.str("KUKAR_LOG_LEVEL", default="INFO"),
    },
    "loggers": {
        "axes": {"level": "WARNING"},
        # It tells of every rule of our style sheets that paper has no use for.
        "weasyprint": {"level": "ERROR"},
        "fontTools": {"level": "WARNING"},
    },
}
