from django.urls import path

from coverage.api.catalogue import Catalogue, DataDictionary
from coverage.api.downloads import LatestFileView, RunFileView

urlpatterns = [
    path("dcat.json", Catalogue.as_view(), name="dcat"),
    path("kamus.json", DataDictionary.as_view(), name="data-dictionary-json"),
    path("terbaru/<str:name>", LatestFileView.as_view(), name="latest-download"),
    path("<int:run>/<str:name>", RunFileView.as_view(), name="run-download"),
]
