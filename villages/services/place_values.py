"""Reading the cells of one row of a list of places: words and numbers of offices."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import TypeVar

from django.utils.translation import gettext as _

from villages.importers.claim_sheet import to_date
from villages.importers.place_files import PlaceRow, is_near
from villages.importers.reading import OPERATOR_OF_NAME, to_number
from villages.models import Facility, OfficeInternet, Operator, Settlement, Site

# More people than the regency has are in no village of it.
MOST = 1_000_000

Word = TypeVar("Word", bound=str)

SETTLEMENT_KINDS = {
    **dict.fromkeys(("rt", "rukun tetangga"), Settlement.Kind.RT),
    **dict.fromkeys(("dusun", "dukuh", "lingkungan"), Settlement.Kind.DUSUN),
    **dict.fromkeys(("kampung", "kampong", "permukiman"), Settlement.Kind.KAMPUNG),
}
FACILITY_KINDS = {
    **dict.fromkeys(
        (
            *("sekolah", "school", "paud", "tk", "ra", "sd", "sdn", "sdlb", "mi"),
            *("smp", "smpn", "mts", "sma", "sman", "smk", "smkn", "ma", "slb"),
            "pesantren",
        ),
        Facility.Kind.SCHOOL,
    ),
    **dict.fromkeys(
        ("puskesmas", "health centre", "health center", "pustu", "puskesmas pembantu"),
        Facility.Kind.HEALTH_CENTRE,
    ),
    **dict.fromkeys(
        ("kantor desa", "kantor kelurahan", "village office", "balai desa"),
        Facility.Kind.VILLAGE_OFFICE,
    ),
    **dict.fromkeys(
        (
            *("tempat ibadah", "rumah ibadah", "place of worship", "worship"),
            *("masjid", "musala", "mushola", "langgar", "gereja", "pura", "vihara"),
        ),
        Facility.Kind.WORSHIP,
    ),
    **dict.fromkeys(
        (
            *("lainnya", "lain", "other", "pasar", "posyandu", "klinik", "rsud"),
            "rumah sakit",
        ),
        Facility.Kind.OTHER,
    ),
}
SITE_KINDS = {
    **dict.fromkeys(("bts", "menara", "tower", "menara bts"), Site.Kind.BTS),
    **dict.fromkeys(("repeater", "penguat sinyal"), Site.Kind.REPEATER),
    "vsat": Site.Kind.VSAT,
}
SITE_STATUSES = {
    **dict.fromkeys(("planned", "rencana", "direncanakan"), Site.Status.PLANNED),
    **dict.fromkeys(("built", "terbangun", "belum mengudara"), Site.Status.BUILT),
    **dict.fromkeys(
        ("on air", "mengudara", "berfungsi", "aktif", "working"), Site.Status.ON_AIR
    ),
    **dict.fromkeys(
        ("off air", "tidak berfungsi", "mati", "rusak", "not working"),
        Site.Status.OFF_AIR,
    ),
    **dict.fromkeys(("not known", "tidak diketahui"), Site.Status.NOT_KNOWN),
}
INTERNET_KINDS = {
    **dict.fromkeys(
        ("radio link", "radiolink", "radio"), OfficeInternet.Kind.RADIO_LINK
    ),
    **dict.fromkeys(
        ("satellite", "satelit", "starlink", "vsat"), OfficeInternet.Kind.SATELLITE
    ),
    **dict.fromkeys(
        ("cellular", "orbit", "modem", "seluler"), OfficeInternet.Kind.CELLULAR
    ),
    **dict.fromkeys(("fibre", "fiber", "fo", "serat optik"), OfficeInternet.Kind.FIBRE),
    **dict.fromkeys(("not told", "tidak disebut"), OfficeInternet.Kind.NOT_TOLD),
}
INTERNET_STATUSES = {
    **dict.fromkeys(("planned", "rencana"), OfficeInternet.Status.PLANNED),
    **dict.fromkeys(
        ("working", "berfungsi", "aktif", "terlayani"), OfficeInternet.Status.WORKING
    ),
    **dict.fromkeys(("ended", "berakhir", "dihentikan"), OfficeInternet.Status.ENDED),
}


class RowError(ValueError):
    """A row that cannot be used, with the reason in the user's language."""


def text(cells: Mapping[str, str], name: str, longest: int) -> str:
    value = " ".join(cells.get(name, "").split())
    if value.startswith("="):
        raise RowError(
            _("Formulas are not read. Copy the cell and paste it as a value.")
        )
    if len(value) > longest:
        raise RowError(
            _("“%(text)s …” is longer than %(count)d characters. Shorten it.")
            % {"text": value[:30], "count": longest}
        )
    return value


def count(cells: Mapping[str, str], name: str) -> int | None:
    """Read a whole number; “1.234” and “1,234” are one thousand and more.

    >>> count({"people": "1.234"}, "people")
    1234
    """
    value = re.sub(
        r"\s*(jiwa|kk|orang|siswa|jam)\.?$", "", text(cells, name, 40).lower()
    )
    if value in ("", "-"):
        return None
    if re.fullmatch(r"\d{1,3}([., ]\d{3})+", value):
        value = re.sub(r"[., ]", "", value)
    # As a map's table writes a number that may be empty.
    value = re.sub(r"[.,]0+$", "", value)
    if not re.fullmatch(r"[0-9]{1,9}", value) or int(value) > MOST:
        raise RowError(
            _("“%(text)s” is no whole number from 0 to %(most)s.")
            % {"text": cells[name][:30], "most": f"{MOST:,}".replace(",", ".")}
        )
    return int(value)


def height_m(cells: Mapping[str, str]) -> float | None:
    value = re.sub(r"\s*m$", "", text(cells, "height_m", 40).lower())
    if value in ("", "-"):
        return None
    try:
        height = to_number(value, has_decimal_comma=True)
    except ValueError:
        height = 0.0
    if not 1.0 <= height <= 500.0:
        raise RowError(_("The height must be a number from 1 to 500 metres."))
    return height


def choice(
    cells: Mapping[str, str], name: str, words: Mapping[str, Word]
) -> Word | None:
    """Return what a word stands for, None where the cell is empty."""
    value = text(cells, name, 60)
    if not value:
        return None
    return _meant(value, words)


def choices(
    cells: Mapping[str, str], name: str, words: Mapping[str, Word]
) -> list[Word]:
    values = re.split(r"[;,/+&]", text(cells, name, 120))
    found = [_meant(value.strip(), words) for value in values if value.strip()]
    return list(dict.fromkeys(found))


def _meant(value: str, words: Mapping[str, Word]) -> Word:
    plain = re.sub(r"[\W_]+", " ", value.lower()).strip()
    if plain not in words:
        raise RowError(
            _("“%(text)s” is not known here. Use one of: %(names)s.")
            % {
                "text": value[:30],
                "names": ", ".join(list(dict.fromkeys(words))[:12]),
            }
        )
    return words[plain]


OPERATOR_WORDS = {
    **{re.sub(r"[\W_]+", " ", n).strip(): o for n, o in OPERATOR_OF_NAME.items()},
    **{value.lower(): value for value in Operator.values},
}
TECHNOLOGY_WORDS = {
    **{value: value.upper() for value in ("2g", "3g", "4g", "5g")},
    "gsm": "2G",
    "lte": "4G",
    "nr": "5G",
}


def day(cells: Mapping[str, str], today: date) -> date | None:
    value = text(cells, "date", 40)
    if not value or value == "-":
        return None
    try:
        return to_date(value, today=today)
    except ValueError as error:
        message = f"{value}: {error}"
        raise RowError(message) from error


def position(row: PlaceRow) -> tuple[float, float] | None:
    """Return where a row says that its place is, None where it says nothing."""
    if row.fault:
        raise RowError(row.fault)
    lonlat = row.lonlat
    if lonlat is None:
        lonlat = position_of(text(row.cells, "lon", 40), text(row.cells, "lat", 40))
    if lonlat is not None and not is_near(lonlat):
        raise RowError(_("The position lies outside Indonesia."))
    return lonlat


def position_of(lon: str, lat: str) -> tuple[float, float] | None:
    """Read a position in degrees, with decimal point or comma; both empty is none.

    >>> position_of("116,45", "-0.6")
    (116.45, -0.6)
    """
    lon, lat = (value.removesuffix("°").strip() for value in (lon, lat))
    if lon in ("", "-") and lat in ("", "-"):
        return None
    try:
        x, y = (to_number(value, has_decimal_comma=True) for value in (lon, lat))
    except ValueError:
        raise RowError(
            _(
                "“%(lon)s”, “%(lat)s” is no position. Write decimal degrees: longitude "
                "such as 116.98 and latitude such as -0.42."
            )
            % {"lon": lon[:20], "lat": lat[:20]}
        ) from None
    if is_near((y, x)):
        raise RowError(_("Longitude and latitude are swapped. Change them round."))
    if abs(x) > 180 or abs(y) > 90:
        raise RowError(
            _(
                "These are no degrees but metres (UTM) or the decimal mark is missing. "
                "Write decimal degrees, or bring a map file that says its coordinate "
                "system."
            )
        )
    return round(x, 6), round(y, 6)


def place_key(name: str) -> str:
    """Return *name* as all ways of writing it are: RT 1, rt.01, Rt. 001.

    >>> place_key("Rt. 01") == place_key("RT 1")
    True
    """
    words = re.sub(r"[\W_]+", " ", name.lower())
    words = re.sub(r"(?<=[a-z])(?=\d)", " ", words)
    return " ".join(re.sub(r"^0+(?=\d)", "", word) for word in words.split())
