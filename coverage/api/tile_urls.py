from django.urls import path

from coverage.api.basemap import Basemap
from coverage.api.tiles import FirstPicture, SurfaceTileView

urlpatterns = [
    path("latar.pmtiles", Basemap.as_view(), name="basemap"),
    path(
        "<int:run>/<str:operator>/<str:service>/<int:z>/<int:x>/<int:y>.png",
        SurfaceTileView.as_view(),
        name="surface-tile",
    ),
    path(
        "<int:run>/<str:operator>/<str:service>/regency.webp",
        FirstPicture.as_view(),
        name="first-picture",
    ),
]
