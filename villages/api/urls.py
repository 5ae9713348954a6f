from django.urls import path

from villages.api import places
from villages.api.ping import Ping
from villages.api.probe import Probe
from villages.api.reports import Reports

urlpatterns = [
    path("ping", Ping.as_view(), name="api-ping"),
    path("probe", Probe.as_view(), name="api-probe"),
    path("reports/", Reports.as_view(), name="api-reports"),
    path("districts/", places.Districts.as_view(), name="api-districts"),
    path(
        "village-points/",
        places.VillagePoints.as_view(),
        name="api-village-points",
    ),
    path("official-list/", places.OfficialList.as_view(), name="api-official-list"),
    path("settlements/", places.Settlements.as_view(), name="api-settlements"),
    path("facilities/", places.Facilities.as_view(), name="api-facilities"),
]
