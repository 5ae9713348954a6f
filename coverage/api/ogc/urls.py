from django.urls import path

from coverage.api.ogc import item_views, views

urlpatterns = [
    path("", views.Landing.as_view(), name="ogc"),
    path("api", views.Definition.as_view(), name="ogc-api"),
    path("conformance", views.Conformance.as_view(), name="ogc-conformance"),
    path("collections", views.Collections.as_view(), name="ogc-collections"),
    path(
        "collections/<str:collection>",
        views.CollectionPage.as_view(),
        name="ogc-collection",
    ),
    path(
        "collections/<str:collection>/items",
        item_views.Items.as_view(),
        name="ogc-items",
    ),
    path(
        "collections/<str:collection>/items/<str:key>",
        item_views.Item.as_view(),
        name="ogc-item",
    ),
    path(
        "collections/<str:collection>/queryables",
        views.Queryables.as_view(),
        name="ogc-queryables",
    ),
]
