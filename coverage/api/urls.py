from django.urls import path

from coverage.api import rest
from coverage.api.history import MonthlyRuns, RunDifferences
from coverage.api.priorities import Priorities
from coverage.api.trip_tiles import TripTiles

urlpatterns = [
    path("blank-spots/", rest.BlankSpots.as_view(), name="api-blank-spots"),
    path(
        "blank-spots/<uuid:identity>/",
        rest.BlankSpotDetail.as_view(),
        name="api-blank-spot",
    ),
    path("priorities/", Priorities.as_view(), name="api-priorities"),
    path("villages/", rest.Villages.as_view(), name="api-villages"),
    path("villages/<str:code>/", rest.VillageDetail.as_view(), name="api-village"),
    path("trip-tiles/", TripTiles.as_view(), name="api-trip-tiles"),
    path("runs/", rest.Runs.as_view(), name="api-runs"),
    path("runs/monthly/", MonthlyRuns.as_view(), name="api-runs-monthly"),
    path("run-differences/", RunDifferences.as_view(), name="api-run-differences"),
    path("runs/current/", rest.CurrentRun.as_view(), name="api-run-current"),
    path("runs/<int:run_id>/", rest.RunDetail.as_view(), name="api-run"),
]
