from django.urls import path

from coverage.api import rest
from coverage.api.at_point import CoverageAt
from coverage.api.trip_tiles import TripTiles

urlpatterns = [
    path("blank-spots/", rest.BlankSpots.as_view(), name="api-blank-spots"),
    path(
        "blank-spots/<uuid:identity>/",
        rest.BlankSpotDetail.as_view(),
        name="api-blank-spot",
    ),
    path("villages/", rest.Villages.as_view(), name="api-villages"),
    path("villages/<str:code>/", rest.VillageDetail.as_view(), name="api-village"),
    path("coverage/at/", CoverageAt.as_view(), name="api-coverage-at"),
    path("trip-tiles/", TripTiles.as_view(), name="api-trip-tiles"),
    path("runs/", rest.Runs.as_view(), name="api-runs"),
    path("runs/current/", rest.CurrentRun.as_view(), name="api-run-current"),
    path("runs/<int:run_id>/", rest.RunDetail.as_view(), name="api-run"),
]
