"""Districts as JSON that PostgreSQL writes."""

from __future__ import annotations

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, Sum
from django.db.models.functions import JSONObject

from coverage.models import VillageCoverage
from coverage.selectors.tables import AREAS
from kukar_connect.geojson import rounded
from villages.models import Village


def villages_of_district() -> ArraySubquery:
    """Return code and name of the villages of an outer district."""
    of_district = Village.objects.filter(district=OuterRef("pk")).order_by("code")
    return ArraySubquery(of_district.values(told=JSONObject(code="code", name="name")))


def district_layers(run_id: int) -> ArraySubquery:
    """Return the sums of an outer district's areas by state, a row a layer."""
    sums = {f"sum_{name}": Sum(name) for name in AREAS}
    told = {name: rounded(f"sum_{name}", 4) for name in AREAS}
    of_district = (
        VillageCoverage.objects.of_run(run_id)
        .filter(village__district=OuterRef("pk"))
        .values("operator", "service")
        .annotate(reports=Sum("report_count"), **sums)
        .order_by("service", "operator")
    )
    return ArraySubquery(
        of_district.values(
            told=JSONObject(
                operator=F("operator"),
                service=F("service"),
                reports=F("reports"),
                **told,
            )
        )
    )
