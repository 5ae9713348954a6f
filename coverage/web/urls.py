from django.urls import path, re_path

from coverage.web import (
    actions,
    best_sites,
    measure,
    priorities,
    profiles,
    spots,
    tasks,
    views,
)
from coverage.web.dashboard import DashboardPage
from coverage.web.dashboard_workbook import DashboardWorkbook
from coverage.web.downloads import DictionaryPage, DownloadsPage
from coverage.web.embed import EmbeddedMap
from coverage.web.paper import on_paper
from coverage.web.paper_map import MapSheet
from coverage.web.workbooks import RunsWorkbook, TableWorkbook

urlpatterns = [
    path("", views.MapPage.as_view(), name="map"),
    path("tertanam/", EmbeddedMap.as_view(), name="embedded-map"),
    path("tabel/", views.TablePage.as_view(), name="coverage-table"),
    path("dasbor/", DashboardPage.as_view(), name="dashboard"),
    path("desa/<str:code>/", profiles.VillagePage.as_view(), name="village"),
    path("kecamatan/<str:code>/", profiles.DistrictPage.as_view(), name="district"),
    path("prioritas/", priorities.PrioritiesPage.as_view(), name="priorities"),
    path("prioritas/bobot/", priorities.SaveWeights.as_view(), name="priorities-save"),
    re_path(
        r"^prioritas/prioritas\.(?P<kind>xlsx|csv)$",
        priorities.PrioritiesFile.as_view(),
        name="priorities-file",
    ),
    path(
        "blank-spot/<uuid:identity>/",
        spots.BlankSpotPage.as_view(),
        name="blank-spot",
    ),
    path("tindakan/", actions.ActionsPage.as_view(), name="actions"),
    path("tindakan/tindakan.xlsx", actions.ActionsFile.as_view(), name="actions-file"),
    path("tindakan/baru/", actions.NewAction.as_view(), name="action-new"),
    path("tindakan/<int:number>/", actions.ActionPage.as_view(), name="action"),
    path(
        "tindakan/<int:number>/ubah/",
        actions.ChangeAction.as_view(),
        name="action-change",
    ),
    path("ukur/", measure.MeasurePage.as_view(), name="measure"),
    path("ukur/rute/", measure.RouteSheet.as_view(), name="measure-route"),
    path("ukur/rute.gpx", measure.StopsGpx.as_view(), name="measure-gpx"),
    path("ukur/daftar.xlsx", measure.StopsWorkbook.as_view(), name="measure-xlsx"),
    path("ukur/tugas/", tasks.Tasks.as_view(), name="measure-tasks"),
    path(
        "ukur/tugas/<uuid:pk>/hapus/",
        tasks.DropTask.as_view(),
        name="measure-task-drop",
    ),
    path("unduhan/", DownloadsPage.as_view(), name="downloads"),
    path("unduhan/kamus/", DictionaryPage.as_view(), name="data-dictionary"),
    path("lokasi-site/", best_sites.BestSitesPage.as_view(), name="best-sites"),
    path(
        "lokasi-site/unduh.<str:kind>",
        best_sites.BestSitesFile.as_view(),
        name="best-sites-file",
    ),
    path(
        "desa/<str:code>/cetak.pdf",
        on_paper(profiles.VillagePage),
        name="village-paper",
    ),
    path(
        "kecamatan/<str:code>/cetak.pdf",
        on_paper(profiles.DistrictPage),
        name="district-paper",
    ),
    path(
        "blank-spot/<uuid:identity>/cetak.pdf",
        on_paper(spots.BlankSpotPage),
        name="blank-spot-paper",
    ),
    path("dasbor/unduh.xlsx", DashboardWorkbook.as_view(), name="dashboard-workbook"),
    path("dasbor/cetak.pdf", on_paper(DashboardPage), name="dashboard-paper"),
    path("tabel/unduh.xlsx", TableWorkbook.as_view(), name="coverage-workbook"),
    path("perhitungan/unduh.xlsx", RunsWorkbook.as_view(), name="runs-workbook"),
    path("peta.pdf", MapSheet.as_view(), name="map-paper"),
]
