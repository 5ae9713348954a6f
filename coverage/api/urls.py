from django.urls import path

from coverage.api import map_layers, rest
from coverage.api.at_point import CoverageAt
from coverage.api.history import MonthlyRuns, RunDifferences
from coverage.api.lookup import Lookup
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
    path(
        "map-boundaries/",
        map_layers.MapBoundaries.as_view(),
        name="api-map-boundaries",
    ),
    path("map-blank-spots/", map_layers.MapSpots.as_view(), name="api-map-spots"),
    path(
        "village-shares/", map_layers.VillageShares.as_view(), name="api-village-shares"
    ),
    path("place-states/", map_layers.PlaceStates.as_view(), name="api-place-states"),
    path("evidence/", map_layers.Evidence.as_view(), name="api-evidence"),
    path("report-cells/", map_layers.ReportCells.as_view(), name="api-report-cells"),
    path("coverage/at/", CoverageAt.as_view(), name="api-coverage-at"),
    path("coverage/lookup", Lookup.as_view(), name="api-coverage-lookup"),
    path("trip-tiles/", TripTiles.as_view(), name="api-trip-tiles"),
    path("runs/", rest.Runs.as_view(), name="api-runs"),
    path("runs/monthly/", MonthlyRuns.as_view(), name="api-runs-monthly"),
    path("run-differences/", RunDifferences.as_view(), name="api-run-differences"),
    path("runs/current/", rest.CurrentRun.as_view(), name="api-run-current"),
    path("runs/<int:run_id>/", rest.RunDetail.as_view(), name="api-run"),
]
