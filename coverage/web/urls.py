from django.urls import path, re_path

from coverage.web import actions, priorities, profiles, spots, views
from coverage.web.dashboard import DashboardPage

urlpatterns = [
    path("", views.MapPage.as_view(), name="map"),
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
]
