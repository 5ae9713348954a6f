"""What bringing in any list of places has in common: its rows, and their villages."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from django.db import connection
from django.utils.translation import gettext as _

from villages.importers.place_files import PlaceRow, PlaceTable
from villages.models import BoundarySource, Village
from villages.services import place_values as values
from villages.services.match_villages import Match, VillageNames
from villages.services.place_values import RowError

ADDED, CHANGED, UNCHANGED, LEFT_OUT = "added", "changed", "unchanged", "left_out"


@dataclass(slots=True)
class RowResult:
    """What became of one row, and why; a warning for a row that was used."""

    line: int
    name: str
    result: str
    village: str = ""
    reason: str = ""
    warning: str = ""


@dataclass(slots=True)
class PlaceLoad:
    rows: list[RowResult] = field(default_factory=list)
    ignored_columns: list[str] = field(default_factory=list)

    def count(self, result: str) -> int:
        return sum(row.result == result for row in self.rows)

    @property
    def counts(self) -> dict[str, int]:
        found = Counter(row.result for row in self.rows)
        return {r: found[r] for r in (ADDED, CHANGED, UNCHANGED, LEFT_OUT)}


class RowVillages:
    """Which village a row is of, by its code, its name or where it lies."""

    def __init__(self, table: PlaceTable) -> None:
        own = list(
            Village.objects.select_related("district").defer(
                "boundary", "district__boundary"
            )
        )
        self.by_code = {v.code: v for v in own}
        self._digits = {v.code.replace(".", ""): v for v in own}
        self._names = VillageNames(own)
        self.covering = _covering(table)

    def of(self, row: PlaceRow) -> Village | None:
        """Return the row's village, None where it names none and lies in none.

        Raises
        ------
        RowError
            If what the row says names no village for sure.
        """
        code = re.sub(r"\D", "", values.text(row.cells, "code", 40))
        if code:
            if code not in self._digits:
                raise RowError(
                    _("There is no village with the code %(code)s.")
                    % {"code": row.cells["code"][:20]}
                )
            return self._digits[code]
        there = self.by_code.get(self.covering.get(row.line, ""))
        name = values.text(row.cells, "village", 100)
        if not name:
            return there
        found = self._names.find(
            name=name, district=values.text(row.cells, "district", 100)
        )
        if found.match is not Match.DOUBTFUL:
            return found.village
        if there is not None and there in [c.village for c in found.candidates]:
            return there
        near = "; ".join(
            f"{c.village.name}, {c.village.district.name}" for c in found.candidates
        )
        raise RowError(
            _("“%(name)s” may be: %(near)s. Write the code of the village.")
            % {"name": name, "near": near}
            if near
            else _("No village is called “%(name)s”. Write its code.") % {"name": name}
        )

    def needed(self, row: PlaceRow) -> Village:
        village = self.of(row)
        if village is None:
            raise RowError(
                _(
                    "Neither code nor name of a village, and the position lies in "
                    "none. Write the code of the village."
                )
            )
        return village

    def warning(self, row: PlaceRow, village: Village | None) -> str:
        """Return what is odd about where a row's place lies."""
        there = self.by_code.get(self.covering.get(row.line, ""))
        if there is None:
            return _("Lies outside the regency.")
        is_approximate = there.boundary_source == BoundarySource.APPROXIMATE
        if village is not None and there != village:
            words = (
                _("Lies in %(name)s, by approximate boundaries.")
                if is_approximate
                else _("Lies in %(name)s.")
            )
            return words % {"name": there.name}
        if is_approximate and not (row.cells.get("code") or row.cells.get("village")):
            return _("The village was found by an approximate boundary.")
        return ""


def _covering(table: PlaceTable) -> dict[int, str]:
    """Return the code of the village that each row of *table* lies in, in one query."""
    lines, lons, lats = [], [], []
    for row in table.rows:
        try:
            lonlat = values.position(row)
        except RowError:
            continue
        if lonlat is not None:
            lines.append(row.line)
            lons.append(lonlat[0])
            lats.append(lonlat[1])
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT p.line, min(v.code)
            FROM unnest(%s::int[], %s::float8[], %s::float8[]) AS p (line, lon, lat)
            JOIN villages_village AS v
              ON ST_Covers(v.boundary, ST_SetSRID(ST_Point(p.lon, p.lat), 4326))
            GROUP BY p.line
            """,
            [lines, lons, lats],
        )
        return dict(cursor.fetchall())
