from django.urls import path

from coverage.web import views
from coverage.web.dashboard import DashboardPage

urlpatterns = [
    path("", views.MapPage.as_view(), name="map"),
    path("tabel/", views.TablePage.as_view(), name="coverage-table"),
    path("dasbor/", DashboardPage.as_view(), name="dashboard"),
    path("desa/<str:code>/", views.VillagePage.as_view(), name="village"),
]
