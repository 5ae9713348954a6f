from django.urls import path

from coverage.web import views
from coverage.web.embed import EmbeddedMap

urlpatterns = [
    path("", views.MapPage.as_view(), name="map"),
    path("tertanam/", EmbeddedMap.as_view(), name="embedded-map"),
    path("tabel/", views.TablePage.as_view(), name="coverage-table"),
    path("desa/<str:code>/", views.VillagePage.as_view(), name="village"),
]
