from django.urls import path

from coverage.web import profiles, views
from coverage.web.dashboard import DashboardPage

urlpatterns = [
    path("", views.MapPage.as_view(), name="map"),
    path("tabel/", views.TablePage.as_view(), name="coverage-table"),
    path("dasbor/", DashboardPage.as_view(), name="dashboard"),
    path("desa/<str:code>/", profiles.VillagePage.as_view(), name="village"),
    path("kecamatan/<str:code>/", profiles.DistrictPage.as_view(), name="district"),
]
