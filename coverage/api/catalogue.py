"""The bulk files in the words of catalogues: DCAT as JSON-LD, and their dictionary."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.gis.db.models import Extent
from django.db.models import Min
from django.http import HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request

from coverage.api.downloads import DownloadView
from coverage.api.rest import tag, unchanged
from coverage.models import CoverageRun, RunFile, RunFileSet
from coverage.selectors.file_columns import TABLES, Text
from coverage.selectors.run_files import file_sets, latest_file_set
from coverage.services.downloads.about import description_of
from coverage.web.file_words import dictionary, title_of
from villages.models import SignalReport, Village

JSON_LD = "application/ld+json"
CONTEXT = {
    "adms": "http://www.w3.org/ns/adms#",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "locn": "http://www.w3.org/ns/locn#",
    "spdx": "http://spdx.org/rdf/terms#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
# A run follows the reports, not a calendar.
FREQUENCY = "http://purl.org/cld/freq/irregular"
SHA256 = "http://spdx.org/rdf/terms#checksumAlgorithm_sha256"
CONFORMS_TO = {
    RunFile.Format.GEOPACKAGE: "http://www.opengis.net/doc/IS/geopackage/1.2",
    RunFile.Format.GEOPARQUET: "https://geoparquet.org/releases/v1.1.0/",
    RunFile.Format.KML: "http://www.opengis.net/doc/IS/kml/2.2",
    RunFile.Format.COG: "http://www.opengis.net/doc/is/COG/1.0",
    RunFile.Format.PMTILES: "https://github.com/protomaps/PMTiles/blob/main/spec/v3/spec.md",
}
# The newest, ten years of months, and those between.
MOST_SETS = 200
DEMO = _("Demonstration data: made from generated reports, not from measurements.")
KEYWORDS: tuple[Text, ...] = (
    _("blank spot"),
    _("mobile signal"),
    _("coverage"),
    _("telecommunications"),
)
SURFACE_DESCRIPTION = _(
    "Estimated received power, its standard deviation and the state of each square of "
    "153 m. Where nobody has measured there is no value."
)


class DataDictionary(DownloadView):
    def get(self, request: Request) -> HttpResponse:
        return JsonResponse(dictionary(), json_dumps_params={"ensure_ascii": False})


class Catalogue(DownloadView):
    """Every run with files as a version of the same datasets, the newest first."""

    def get(self, request: Request) -> HttpResponse:
        newest = latest_file_set()
        sets = list(file_sets().prefetch_related("files")[:MOST_SETS])
        if newest is not None:
            sets.sort(key=lambda one: one.pk != newest.pk)
        built = [one.ended_at.timestamp() for one in sets if one.ended_at]
        etag = f'"dcat-{len(sets)}-{max(built, default=0):.6f}"'
        return unchanged(request, etag) or tag(
            JsonResponse(
                catalogue(request, sets),
                content_type=JSON_LD,
                json_dumps_params={"ensure_ascii": False},
            ),
            etag,
        )


def catalogue(request: Request, sets: list[RunFileSet]) -> dict[str, Any]:
    """Return the catalogue of *sets*, of which the first is the newest."""
    common = _common()
    datasets = [
        _dataset(request, file_set, content, common, is_newest=number == 0)
        for number, file_set in enumerate(sets)
        for content in RunFile.Content
    ]
    return {
        "@context": CONTEXT,
        "@id": request.build_absolute_uri(reverse("dcat")),
        "@type": "dcat:Catalog",
        "dct:title": _in_languages(_("Mobile coverage of Kutai Kartanegara")),
        "dct:description": _in_languages(
            _(
                "Where phones find a usable signal, where reports show none, and "
                "where nobody has measured: computed from reports of the field."
            )
        ),
        "dct:language": [language for language, _name in settings.LANGUAGES],
        "foaf:homepage": {"@id": request.build_absolute_uri(reverse("map"))},
        **common.publisher,
        **common.licence,
        "dcat:dataset": [one for one in datasets if one["dcat:distribution"]],
    }


@dataclass(frozen=True)
class Common:
    """What all datasets share, found once."""

    publisher: dict[str, Any]
    licence: dict[str, Any]
    place: dict[str, Any]
    first: datetime | None


def _common() -> Common:
    licence = settings.KUKAR_DATA_LICENSE
    return Common(
        publisher={
            "dct:publisher": {
                "@type": "foaf:Agent",
                "foaf:name": settings.KUKAR_PUBLISHER,
            }
        },
        licence={"dct:license": licence} if licence else {},
        place=_place(),
        first=SignalReport.objects.aggregate(first=Min("observed_at"))["first"],
    )


def _dataset(
    request: Request,
    file_set: RunFileSet,
    content: RunFile.Content,
    common: Common,
    *,
    is_newest: bool,
) -> dict[str, Any]:
    run = file_set.run
    here = request.build_absolute_uri(reverse("downloads"))
    titles = {table.name: table.title for table in TABLES}
    descriptions = {table.name: table.description for table in TABLES}
    title = titles.get(content.value, content.label)
    description = descriptions.get(
        content.value,
        SURFACE_DESCRIPTION if content == RunFile.Content.SURFACE else content.label,
    )
    said = _in_languages(description)
    for line in said:
        with translation.override(line["@language"]):
            about = description_of(run, title).splitlines()
        index = [language for language, _n in settings.LANGUAGES].index(
            line["@language"]
        )
        line["@value"] += " " + about[min(index, len(about) - 1)]
    return {
        "@type": "dcat:Dataset",
        "@id": f"{here}#{content.value}-{run.pk}",
        "dct:identifier": f"kukar-connect-{content.value}-run-{run.pk}",
        "dct:title": _in_languages(title),
        "dct:description": said,
        "dcat:version": str(run.pk),
        "dct:issued": _moment(run.published_at),
        "dct:modified": _moment(file_set.ended_at),
        "dct:accrualPeriodicity": {"@id": FREQUENCY},
        "dct:temporal": _period(run, common.first),
        "dct:spatial": common.place,
        "dcat:keyword": [w for keyword in KEYWORDS for w in _in_languages(keyword)],
        "dcat:landingPage": {"@id": here},
        "dct:conformsTo": {
            "@id": request.build_absolute_uri(reverse("data-dictionary-json"))
        },
        **common.publisher,
        **common.licence,
        **({"adms:versionNotes": _in_languages(DEMO)} if run.is_demo else {}),
        "dcat:distribution": [
            _distribution(request, file, common, is_newest=is_newest)
            for file in file_set.files.all()
            if file.content == content
        ],
    }


def _distribution(
    request: Request, file: RunFile, common: Common, *, is_newest: bool
) -> dict[str, Any]:
    address = reverse("run-download", args=(file.file_set_id, file.name))
    page = "latest-download" if is_newest else None
    conforms = CONFORMS_TO.get(RunFile.Format(file.format))
    return {
        "@type": "dcat:Distribution",
        "dct:title": f"{file.name} ({title_of(file)})",
        "dcat:downloadURL": {"@id": request.build_absolute_uri(address)},
        "dcat:accessURL": {
            "@id": request.build_absolute_uri(
                reverse(page, args=(file.name,)) if page else reverse("downloads")
            )
        },
        "dcat:mediaType": file.media_type,
        "dct:format": str(file.get_format_display()),
        "dcat:byteSize": file.bytes,
        "spdx:checksum": {
            "@type": "spdx:Checksum",
            "spdx:algorithm": {"@id": SHA256},
            "spdx:checksumValue": file.sha256,
        },
        **({"dct:conformsTo": {"@id": conforms}} if conforms else {}),
        **common.licence,
    }


def _period(run: CoverageRun, first: datetime | None) -> dict[str, Any]:
    """Return from the first report to the moment until which they are in *run*."""
    return {
        "@type": "dct:PeriodOfTime",
        **({"dcat:startDate": _moment(first)} if first else {}),
        "dcat:endDate": _moment(run.input_cutoff_at),
    }


def _place() -> dict[str, Any]:
    box = Village.objects.aggregate(box=Extent("boundary"))["box"]
    place: dict[str, Any] = {
        "@type": "dct:Location",
        "locn:geographicName": "Kabupaten Kutai Kartanegara",
    }
    if box:
        west, south, east, north = box
        place["dcat:bbox"] = {
            "@type": "http://www.opengis.net/ont/geosparql#wktLiteral",
            "@value": (
                f"POLYGON(({west} {south}, {east} {south}, {east} {north},"
                f" {west} {north}, {west} {south}))"
            ),
        }
    return place


def _moment(moment: Any) -> dict[str, str] | None:
    if moment is None:
        return None
    return {"@type": "xsd:dateTime", "@value": moment.isoformat()}


def _in_languages(text: Text) -> list[dict[str, str]]:
    said = []
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            said.append({"@language": language, "@value": str(text)})
    return said
