from django.urls import path

from coverage.web import best_sites, measure, tasks, views

urlpatterns = [
    path("", views.MapPage.as_view(), name="map"),
    path("tabel/", views.TablePage.as_view(), name="coverage-table"),
    path("desa/<str:code>/", views.VillagePage.as_view(), name="village"),
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
    path("lokasi-site/", best_sites.BestSitesPage.as_view(), name="best-sites"),
    path(
        "lokasi-site/unduh.<str:kind>",
        best_sites.BestSitesFile.as_view(),
        name="best-sites-file",
    ),
]
