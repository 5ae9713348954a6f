from django.urls import path

from villages.api import places
from villages.api.reports import Reports

urlpatterns = [
    path("reports/", Reports.as_view(), name="api-reports"),
    path("districts/", places.Districts.as_view(), name="api-districts"),
    path("official-list/", places.OfficialList.as_view(), name="api-official-list"),
    path("settlements/", places.Settlements.as_view(), name="api-settlements"),
    path("facilities/", places.Facilities.as_view(), name="api-facilities"),
]
