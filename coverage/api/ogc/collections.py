"""The collections of the OGC API: what each holds, and where its rows come from.

A collection is SQL that PostGIS writes as GeoJSON, so that nothing is built in Python
for a feature. Names of columns and properties come from here alone, never from a
request.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise

STRING = {"type": "string"}
INTEGER = {"type": "integer"}
NUMBER = {"type": "number"}
BOOLEAN = {"type": "boolean"}
MOMENT = {"type": "string", "format": "date-time"}
DAY = {"type": "string", "format": "date"}
STRINGS = {"type": "array", "items": {"type": "string"}}

# A boundary may have a hundred thousand letters.
OF_BOUNDARIES = 50
# Rows in force at a run, of a table with that alias.
OF_RUN = (
    "{0}.first_run_id <= %(run)s"
    " AND ({0}.ended_run_id IS NULL OR {0}.ended_run_id > %(run)s)"
)


@dataclass(frozen=True)
class Property:
    """One property: its SQL, its JSON schema and what it says."""

    sql: str
    schema: Mapping[str, object]
    title: Text
    # An exact value can be asked for as a parameter of the property's name.
    is_filter: bool = False


@dataclass(frozen=True)
class Collection:
    """Features of one kind.

    Attributes
    ----------
    source : what stands after FROM, with a WHERE of its own or none
    key : SQL that orders the features and names each; unique and never null
    key_type : PostgreSQL's name for its type
    geometry : SQL of the geometry, WGS84; None where features have none
    moment : SQL of the time that ``datetime`` asks for
    is_of_run : its rows belong to a run; ``%(run)s`` stands for it
    is_fixed : nothing of it ever changes within a run
    written : SQL of a whole feature in degrees, where it is stored as text
    batch : so many features are read at a time: a few megabytes of them
    """

    id: str
    title: Text
    description: Text
    source: str
    where: str
    key: str
    key_type: str
    geometry: str | None
    properties: dict[str, Property] = field(default_factory=dict)
    moment: str | None = None
    is_of_run: bool = False
    is_fixed: bool = False
    written: str | None = None
    batch: int = 1000

    @property
    def filters(self) -> list[str]:
        return [name for name, one in self.properties.items() if one.is_filter]


def _layer(alias: str) -> dict[str, Property]:
    return {
        "operator": Property(f"{alias}.operator", STRING, _("operator"), True),
        "service": Property(f"{alias}.service", STRING, _("service"), True),
    }


def _village(alias: str) -> dict[str, Property]:
    return {
        "village": Property(f"{alias}.code", STRING, _("village code"), True),
        "village_name": Property(f"{alias}.name", STRING, _("village")),
        "district": Property(f"{alias}.district_id", STRING, _("district code"), True),
    }


_BOUNDARY_SOURCE = _("official, or approximate where none was loaded")

DISTRICTS = Collection(
    id="districts",
    title=_("Districts"),
    description=_("Kecamatan with their boundaries."),
    source="villages_district AS d",
    where="TRUE",
    key="d.code",
    key_type="text",
    geometry="d.boundary",
    batch=OF_BOUNDARIES,
    properties={
        "code": Property("d.code", STRING, _("code"), True),
        "name": Property("d.name", STRING, _("name"), True),
        "boundary_source": Property("d.boundary_source", STRING, _BOUNDARY_SOURCE),
    },
)

VILLAGES = Collection(
    id="villages",
    title=_("Villages"),
    description=_("Desa and kelurahan with their boundaries."),
    source="villages_village AS v"
    " JOIN villages_district AS d ON d.code = v.district_id",
    where="TRUE",
    key="v.code",
    key_type="text",
    geometry="v.boundary",
    batch=OF_BOUNDARIES,
    properties={
        "code": Property("v.code", STRING, _("code"), True),
        "name": Property("v.name", STRING, _("name"), True),
        "kind": Property("v.kind", STRING, _("kind"), True),
        "district": Property("v.district_id", STRING, _("district code"), True),
        "district_name": Property("d.name", STRING, _("district")),
        "area_km2": Property("v.area_km2", NUMBER, _("area (km²)")),
        "people": Property("v.people", INTEGER, _("people")),
        "boundary_source": Property("v.boundary_source", STRING, _BOUNDARY_SOURCE),
    },
)

SETTLEMENTS = Collection(
    id="settlements",
    title=_("Settlements"),
    description=_("RT, dusun and kampung, where the office has loaded them."),
    source="villages_settlement AS s"
    " JOIN villages_village AS v ON v.code = s.village_id",
    where="TRUE",
    key="s.id",
    key_type="bigint",
    geometry="s.point",
    properties={
        "name": Property("s.name", STRING, _("name")),
        "kind": Property("s.kind", STRING, _("kind"), True),
        **_village("v"),
        "households": Property("s.households", INTEGER, _("households")),
        "people": Property("s.people", INTEGER, _("people")),
        "source": Property("s.source", STRING, _("source")),
        "is_demo": Property("s.is_demo", BOOLEAN, _("demonstration"), True),
    },
)

FACILITIES = Collection(
    id="facilities",
    title=_("Public services"),
    description=_("Schools, puskesmas, village offices and the like."),
    source="villages_facility AS f JOIN villages_village AS v ON v.code = f.village_id",
    where="TRUE",
    key="f.id",
    key_type="bigint",
    geometry="f.point",
    properties={
        "name": Property("f.name", STRING, _("name")),
        "kind": Property("f.kind", STRING, _("kind"), True),
        **_village("v"),
        "pupils": Property("f.pupils", INTEGER, _("pupils")),
        "patients": Property("f.patients", INTEGER, _("patients a year")),
        "source": Property("f.source", STRING, _("source")),
        "is_demo": Property("f.is_demo", BOOLEAN, _("demonstration"), True),
    },
)

BLANK_SPOTS = Collection(
    id="blank-spots",
    title=_("Blank spots"),
    description=_(
        "Polygons where reports show no usable signal, or probably none. What nobody "
        "has measured is in none of them."
    ),
    source="coverage_blankspot AS b",
    where=OF_RUN.format("b"),
    key="b.identity",
    key_type="uuid",
    geometry="b.polygon",
    moment="b.newest_report_at",
    is_of_run=True,
    is_fixed=True,
    # The number of the run comes last (migration coverage 0008).
    written="b.feature_text || %(run)s::text || '}}'",
    properties={
        **_layer("b"),
        "state": Property("b.state", STRING, _("state"), True),
        "area_km2": Property("round(b.area_km2::numeric, 4)", NUMBER, _("area (km²)")),
        "confidence": Property(
            "round(b.confidence::numeric, 3)",
            NUMBER,
            _("Mean probability that a phone there finds no usable signal"),
        ),
        "reports": Property("b.report_count", INTEGER, _("reports")),
        "newest_report_at": Property("b.newest_report_at", MOMENT, _("newest report")),
        "oldest_report_at": Property("b.oldest_report_at", MOMENT, _("oldest report")),
        "villages": Property("b.villages", STRINGS, _("village codes")),
        "districts": Property("b.districts", STRINGS, _("district codes")),
        "settlements": Property("b.settlement_count", INTEGER, _("settlements")),
        "schools": Property("b.school_count", INTEGER, _("schools")),
        "health_centres": Property(
            "b.health_centre_count", INTEGER, _("health centres")
        ),
        "people": Property("b.people", INTEGER, _("people")),
        "is_demo": Property("b.is_demo", BOOLEAN, _("demonstration"), True),
        "run": Property("%(run)s::bigint", INTEGER, _("run")),
    },
)

COVERAGE = Collection(
    id="coverage-by-village",
    title=_("Coverage by village"),
    description=_(
        "Each village's area by state in each layer; the four areas add up, and weak "
        "lies inside covered."
    ),
    source="coverage_villagecoverage AS c"
    " JOIN villages_village AS v ON v.code = c.village_id",
    where=OF_RUN.format("c"),
    key="c.id",
    key_type="bigint",
    geometry="v.boundary",
    batch=OF_BOUNDARIES,
    is_of_run=True,
    properties={
        **_layer("c"),
        **_village("v"),
        **{
            name: Property(f"round(c.{name}::numeric, 4)", NUMBER, title)
            for name, title in (
                ("covered_km2", _("covered (km²)")),
                ("weak_km2", _("of which weak (km²)")),
                ("likely_blank_km2", _("probably blank (km²)")),
                ("blank_km2", _("blank (km²)")),
                ("unknown_km2", _("unknown (km²)")),
            )
        },
        "reports": Property("c.report_count", INTEGER, _("reports")),
        "run": Property("%(run)s::bigint", INTEGER, _("run")),
    },
)

OFFICIAL_LIST = Collection(
    id="official-list",
    title=_("Official list of blank spots"),
    description=_(
        "Villages that Diskominfo itself listed, at a point of the village: "
        "statements, not measurements."
    ),
    source="villages_claim AS l JOIN villages_village AS v ON v.code = l.village_id",
    where="l.kind = 'listed_blank'",
    key="l.id",
    key_type="bigint",
    geometry="v.point",
    moment="l.stated_date::timestamptz",
    properties={
        **_village("v"),
        "stated_date": Property("l.stated_date", DAY, _("stated on")),
        "event": Property("l.event", STRING, _("event")),
        "status": Property("l.status", STRING, _("status")),
        "responsible": Property("l.responsible", STRING, _("responsible")),
        "source": Property("l.source", STRING, _("source")),
    },
)

RUNS = Collection(
    id="runs",
    title=_("Runs"),
    description=_("Each published computation of the map with its inputs."),
    source="coverage_coveragerun AS r",
    where="r.state = 'published'",
    key="r.id",
    key_type="bigint",
    geometry=None,
    moment="r.published_at",
    properties={
        "run": Property("r.id", INTEGER, _("run")),
        "is_current": Property("r.is_current", BOOLEAN, _("current"), True),
        "is_demo": Property("r.is_demo", BOOLEAN, _("demonstration"), True),
        "published_at": Property("r.published_at", MOMENT, _("published at")),
        "input_cutoff_at": Property("r.input_cutoff_at", MOMENT, _("reports until")),
        "software_version": Property("r.software_version", STRING, _("software")),
        "checksum": Property("r.checksum", STRING, _("checksum")),
    },
)

COLLECTIONS = {
    one.id: one
    for one in (
        BLANK_SPOTS,
        COVERAGE,
        VILLAGES,
        DISTRICTS,
        SETTLEMENTS,
        FACILITIES,
        OFFICIAL_LIST,
        RUNS,
    )
}
