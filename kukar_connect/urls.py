from django.contrib import admin
from django.contrib.auth import views as auth
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView

from kukar_connect.health import healthz
from kukar_connect.pwa import manifest, service_worker
from kukar_connect.views import ApiDocs

urlpatterns = [
    # First, because programs ask by the thousand and patterns are tried in turn.
    path("ogc/", include("coverage.api.ogc.urls")),
    path("", include("coverage.web.urls")),
    path("", include("villages.web.urls")),
    path("tiles/", include("coverage.api.tile_urls")),
    path("api/v1/", include("villages.api.urls")),
    path("api/v1/", include("coverage.api.urls")),
    path("unduhan/", include("coverage.api.download_urls")),
    path("api/v1/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/v1/docs/", ApiDocs.as_view(), name="api-docs"),
    path(
        "masuk/", auth.LoginView.as_view(redirect_authenticated_user=True), name="login"
    ),
    path("keluar/", auth.LogoutView.as_view(), name="logout"),
    path("sandi/", auth.PasswordChangeView.as_view(), name="password_change"),
    path(
        "sandi/selesai/",
        auth.PasswordChangeDoneView.as_view(),
        name="password_change_done",
    ),
    path("i18n/", include("django.conf.urls.i18n")),
    path("admin/", admin.site.urls),
    path("sw.js", service_worker, name="service-worker"),
    path("manifest.webmanifest", manifest, name="manifest"),
    path("healthz", healthz, name="healthz"),
]

handler400 = "kukar_connect.views.unreadable"
handler403 = "kukar_connect.views.refused"
handler404 = "kukar_connect.views.not_found"
handler500 = "kukar_connect.views.broken"
