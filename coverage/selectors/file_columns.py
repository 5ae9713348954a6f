"""What stands in the bulk files of a run: their tables, column by column.

Names of columns are part of what other programs are built on: one may be added, none
renamed. The data dictionary is made from here, so that it cannot tell otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from coverage.models import LayerOperator, PlaceState, Service, SpotState
from villages.models import BoundarySource, Village

Text = str | Promise
# Between the parts of a list: a comma stands in names, and decimals have one.
SEPARATOR = ";"
# A shapefile holds no more of a text, and no longer name of a column.
SHAPEFILE_TEXT, SHAPEFILE_NAME = 254, 10


@dataclass(frozen=True)
class FileColumn:
    """One column.

    Attributes
    ----------
    short : its name in a shapefile
    sql : of the table's source
    kind : "text", "whole", "number", "truth" or "moment"
    values : what may stand there, where only few things may
    """

    name: str
    short: str
    sql: str
    kind: str
    meaning: Text
    unit: str = ""
    values: Sequence[tuple[str, Text]] = ()


@dataclass(frozen=True)
class FileTable:
    """Rows with a polygon each, of all layers of a run.

    *source* and *order* are SQL; ``%(run)s`` stands for the run's number.
    """

    name: str
    title: Text
    description: Text
    geometry: str
    source: str
    order: str
    columns: tuple[FileColumn, ...]

    @property
    def layer(self) -> str:
        """The table's name where hyphens are none."""
        return self.name.replace("-", "_")


# Rows in force at the run, of a table with that alias.
_OF_RUN = (
    "{0}.first_run_id <= %(run)s"
    " AND ({0}.ended_run_id IS NULL OR {0}.ended_run_id > %(run)s)"
)
# Any operator first, as everywhere.
_BY_LAYER = "{0}.operator <> 'ANY', {0}.operator, {0}.service"


def _layer(alias: str) -> tuple[FileColumn, ...]:
    return (
        FileColumn(
            "operator",
            "operator",
            f"{alias}.operator",
            "text",
            _("Whose signal it is about; ANY: of any operator"),
            values=tuple(LayerOperator.choices),
        ),
        FileColumn(
            "service",
            "service",
            f"{alias}.service",
            "text",
            _("What a phone would use it for"),
            values=tuple(Service.choices),
        ),
    )


def _run(*, demo: str, meaning: Text) -> tuple[FileColumn, ...]:
    return (
        FileColumn("is_demo", "is_demo", demo, "truth", meaning),
        FileColumn(
            "run",
            "run",
            "%(run)s::bigint",
            "whole",
            _("Number of the computation that this is the result of"),
        ),
    )


def _names(table: str, codes: str) -> str:
    return (
        "(SELECT string_agg(coalesce(n.name, u.code), ';' ORDER BY u.place)"
        f" FROM unnest({codes}) WITH ORDINALITY AS u(code, place)"
        f" LEFT JOIN {table} AS n ON n.code = u.code)"
    )


BLANK_SPOTS = FileTable(
    name="blank-spots",
    title=_("Blank spots"),
    description=_(
        "Polygons where reports show no usable signal, or probably none. What nobody "
        "has measured is in none of them."
    ),
    geometry="b.polygon",
    source="coverage_blankspot AS b WHERE " + _OF_RUN.format("b"),
    order=_BY_LAYER.format("b") + ", b.area_km2 DESC, b.identity",
    columns=(
        FileColumn(
            "identity",
            "identity",
            "b.identity::text",
            "text",
            _("Stays the same from run to run while it is one place; for citing"),
        ),
        *_layer("b"),
        FileColumn(
            "state",
            "state",
            "b.state",
            "text",
            _("What the reports say of it"),
            values=tuple(SpotState.choices),
        ),
        FileColumn(
            "area_km2",
            "area_km2",
            "round(b.area_km2::numeric, 4)::float8",
            "number",
            _("Area on the ellipsoid"),
            "km²",
        ),
        FileColumn(
            "confidence",
            "confidence",
            "round(b.confidence::numeric, 3)::float8",
            "number",
            _("Mean probability that a phone there finds no usable signal, 0 to 1"),
        ),
        FileColumn("reports", "reports", "b.report_count", "whole", _("Reports in it")),
        FileColumn(
            "reporters",
            "reporters",
            "b.reporter_count",
            "whole",
            _("How many people made them"),
        ),
        FileColumn(
            "newest_report_at",
            "newest_at",
            "b.newest_report_at",
            "moment",
            _("When the newest of them was observed"),
            "UTC",
        ),
        FileColumn(
            "oldest_report_at",
            "oldest_at",
            "b.oldest_report_at",
            "moment",
            _("When the oldest of them was observed"),
            "UTC",
        ),
        FileColumn(
            "villages",
            "villages",
            "array_to_string(b.villages, ';')",
            "text",
            _("Codes of its villages (Ministry of Home Affairs), with semicolons"),
        ),
        FileColumn(
            "village_names",
            "vill_names",
            _names("villages_village", "b.villages"),
            "text",
            _("Names of its villages, in the order of their codes"),
        ),
        FileColumn(
            "districts",
            "districts",
            "array_to_string(b.districts, ';')",
            "text",
            _("Codes of its districts, with semicolons"),
        ),
        FileColumn(
            "district_names",
            "dist_names",
            _names("villages_district", "b.districts"),
            "text",
            _("Names of its districts, in the order of their codes"),
        ),
        FileColumn(
            "settlements",
            "settlement",
            "b.settlement_count",
            "whole",
            _("Settlements in it (RT, dusun), of those that are loaded"),
        ),
        FileColumn(
            "schools",
            "schools",
            "b.school_count",
            "whole",
            _("Schools in it, of those that are loaded"),
        ),
        FileColumn(
            "health_centres",
            "health_ctr",
            "b.health_centre_count",
            "whole",
            _("Puskesmas in it, of those that are loaded"),
        ),
        FileColumn(
            "people",
            "people",
            "b.people",
            "whole",
            _("People of its settlements; empty where no number is loaded"),
        ),
        FileColumn(
            "pupils",
            "pupils",
            "b.pupils",
            "whole",
            _("Pupils of its schools; empty where no number is loaded"),
        ),
        FileColumn(
            "patients",
            "patients",
            "b.patients",
            "whole",
            _("Patients a year of its puskesmas; empty where no number is loaded"),
        ),
        *_run(
            demo="b.is_demo",
            meaning=_("Made from demonstration data, not from measurements"),
        ),
    ),
)

AREAS: tuple[tuple[str, str, Text], ...] = (
    ("covered_km2", "covered", _("Area with a usable signal, weak included")),
    ("weak_km2", "weak", _("Of that, near the limit")),
    ("likely_blank_km2", "likely_bl", _("Area that is probably blank")),
    ("blank_km2", "blank", _("Area where reports show no usable signal")),
    ("unknown_km2", "unknown", _("Area that nobody has measured")),
)
# The state of the largest part; of equally large ones the more cautious word.
_MAIN_STATE = (
    "(SELECT s.state FROM (VALUES ('unknown', c.unknown_km2, 1),"
    " ('likely_blank', c.likely_blank_km2, 2), ('blank', c.blank_km2, 3),"
    " ('weak', c.weak_km2, 4), ('covered', c.covered_km2 - c.weak_km2, 5))"
    " AS s(state, km2, place) ORDER BY s.km2 DESC, s.place LIMIT 1)"
)

COVERAGE = FileTable(
    name="coverage-by-village",
    title=_("Coverage by village"),
    description=_(
        "Each village's area by state in each layer. Covered, probably blank, blank "
        "and unknown add up to its area; weak lies inside covered."
    ),
    geometry="v.boundary",
    source=(
        "coverage_villagecoverage AS c"
        " JOIN villages_village AS v ON v.code = c.village_id"
        " JOIN villages_district AS d ON d.code = v.district_id"
        " JOIN coverage_coveragerun AS r ON r.id = %(run)s"
        " WHERE " + _OF_RUN.format("c")
    ),
    order=_BY_LAYER.format("c") + ", v.code",
    columns=(
        FileColumn(
            "village",
            "village",
            "v.code",
            "text",
            _("Code of the village (Ministry of Home Affairs)"),
        ),
        FileColumn(
            "village_name", "vill_name", "v.name", "text", _("Name of the village")
        ),
        FileColumn(
            "kind",
            "kind",
            "v.kind",
            "text",
            _("Kind of village"),
            values=tuple(Village.Kind.choices),
        ),
        FileColumn(
            "district", "district", "v.district_id", "text", _("Code of the district")
        ),
        FileColumn(
            "district_name", "dist_name", "d.name", "text", _("Name of the district")
        ),
        FileColumn(
            "boundary_source",
            "boundary",
            "v.boundary_source",
            "text",
            _("Where the village's boundary comes from"),
            values=tuple(BoundarySource.choices),
        ),
        *_layer("c"),
        FileColumn(
            "main_state",
            "main_state",
            _MAIN_STATE,
            "text",
            _("The state of the largest part of its area; weak apart from covered"),
            values=tuple(PlaceState.choices),
        ),
        *(
            FileColumn(
                name,
                short,
                f"round(c.{name}::numeric, 4)::float8",
                "number",
                meaning,
                "km²",
            )
            for name, short, meaning in AREAS
        ),
        FileColumn(
            "reports",
            "reports",
            "c.report_count",
            "whole",
            _("Reports from the village that count for this operator"),
        ),
        *_run(
            demo="r.is_demo",
            meaning=_("The run contains demonstration data, not only measurements"),
        ),
    ),
)

TABLES: tuple[FileTable, ...] = (BLANK_SPOTS, COVERAGE)
