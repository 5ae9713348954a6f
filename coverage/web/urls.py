from django.urls import path

from coverage.web import views
from coverage.web.dashboard import DashboardPage
from coverage.web.paper import on_paper
from coverage.web.paper_map import MapSheet
from coverage.web.workbooks import RunsWorkbook, TableWorkbook

urlpatterns = [
    path("", views.MapPage.as_view(), name="map"),
    path("tabel/", views.TablePage.as_view(), name="coverage-table"),
    path("dasbor/", DashboardPage.as_view(), name="dashboard"),
    path("desa/<str:code>/", views.VillagePage.as_view(), name="village"),
    path(
        "desa/<str:code>/cetak.pdf", on_paper(views.VillagePage), name="village-paper"
    ),
    path("dasbor/cetak.pdf", on_paper(DashboardPage), name="dashboard-paper"),
    path("tabel/unduh.xlsx", TableWorkbook.as_view(), name="coverage-workbook"),
    path("perhitungan/unduh.xlsx", RunsWorkbook.as_view(), name="runs-workbook"),
    path("peta.pdf", MapSheet.as_view(), name="map-paper"),
]
