"""What villages and camat say of their signal in sheets: claims, never readings.

Not one of the FORMATS: no row of such a sheet may ever become a report. How the files
are read stands in claim_files.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from villages.importers.reading import OPERATOR_OF_NAME, Problem, to_number
from villages.models.claims import HOURS_OF_DAY, Claim
from villages.models.reports import EARLIEST_OBSERVED_YEAR

SHEET_NAME = "Isian"

# The heading of each column, as the template writes it, and what else it is called.
COLUMNS: dict[str, tuple[str, tuple[str, ...]]] = {
    "district": ("Kecamatan", ("kec", "nama_kecamatan")),
    "village": (
        "Desa/Kelurahan",
        ("desa", "kelurahan", "nama_desa", "desa_kel", "nama_desa_kelurahan"),
    ),
    "settlement": ("RT/Dusun", ("rt", "dusun", "kampung", "lokasi", "rt_dusun")),
    "operator": ("Operator", ("operator_seluler",)),
    "stated": (
        "Keadaan sinyal",
        ("keadaan", "sinyal", "kondisi_sinyal", "kondisi", "status_sinyal"),
    ),
    "stated_date": ("Tanggal", ("tgl", "tanggal_pernyataan", "per_tanggal")),
    "stated_by_role": ("Jabatan", ("yang_menyatakan", "jabatan_pemberi_keterangan")),
    "stated_by_name": ("Nama", ("nama_lengkap", "nama_pemberi_keterangan")),
    "power_hours": ("Listrik (jam sehari)", ("listrik", "jam_listrik", "listrik_jam")),
    "other_internet": (
        "Internet bukan seluler",
        ("internet_lain", "internet_kantor", "internet_desa"),
    ),
    "note": ("Catatan", ("keterangan", "catatan_lain")),
}
REQUIRED = ("village", "stated", "stated_date", "stated_by_role")
# What stands in cells beyond the headings.
BEYOND = "beyond"
# The template's example begins so; such a row is left aside.
EXAMPLE = "CONTOH"

STATED_CHOICES = {
    "Tidak ada sinyal": Claim.Stated.NO_SERVICE,
    "Hanya panggilan darurat": Claim.Stated.EMERGENCY_ONLY,
    "Telepon saja": Claim.Stated.VOICE_ONLY,
    "Sinyal lemah": Claim.Stated.WEAK,
    "Internet lambat": Claim.Stated.SLOW_INTERNET,
    "Internet baik": Claim.Stated.GOOD_INTERNET,
    "Sinyal kuat": Claim.Stated.STRONG,
}
STATED_OF_WORDS = {
    **{words.lower(): stated for words, stated in STATED_CHOICES.items()},
    **{stated.value: stated for stated in Claim.Stated},
    "tidak ada": Claim.Stated.NO_SERVICE,
    "tanpa sinyal": Claim.Stated.NO_SERVICE,
    "tidak bersinyal": Claim.Stated.NO_SERVICE,
    "tidak ada jaringan": Claim.Stated.NO_SERVICE,
    "hanya darurat": Claim.Stated.EMERGENCY_ONLY,
    "darurat saja": Claim.Stated.EMERGENCY_ONLY,
    "darurat": Claim.Stated.EMERGENCY_ONLY,
    "hanya telepon": Claim.Stated.VOICE_ONLY,
    "telepon": Claim.Stated.VOICE_ONLY,
    "telpon saja": Claim.Stated.VOICE_ONLY,
    "lemah": Claim.Stated.WEAK,
    "lemah sinyal": Claim.Stated.WEAK,
    "sangat lemah": Claim.Stated.WEAK,
    "lambat": Claim.Stated.SLOW_INTERNET,
    "internet lemot": Claim.Stated.SLOW_INTERNET,
    "internet bagus": Claim.Stated.GOOD_INTERNET,
    "internet lancar": Claim.Stated.GOOD_INTERNET,
    "kuat": Claim.Stated.STRONG,
    "sangat kuat": Claim.Stated.STRONG,
    "sinyal sangat kuat": Claim.Stated.STRONG,
    "blank spot": Claim.Stated.BLANK_SPOT,
    "blankspot": Claim.Stated.BLANK_SPOT,
}
ALL_OPERATORS = "Semua operator"
# "" is a claim about all operators, or one that names none.
_OPERATOR_OF_WORDS = {
    **OPERATOR_OF_NAME,
    "": "",
    "-": "",
    "semua": "",
    "semua operator": "",
}
ROLES_OF_VILLAGES = (
    "Kepala desa",
    "Lurah",
    "Sekretaris desa",
    "Ketua BPD",
    "Kepala dusun",
    "Ketua RT",
    "Warga",
)
ROLES_OF_OFFICES = ("Camat", "Sekretaris camat", "Petugas kecamatan", "Petugas dinas")
# Whoever is not seen to speak for the village speaks for an office.
_OF_VILLAGE = re.compile(
    r"\b(desa|kades|lurah|kelurahan|sekdes|bpd|dusun|kadus|rt|warga|kaur|kasi)\b"
)
_OF_OFFICE = re.compile(r"\b(camat|sekcam|kecamatan|dinas|kabupaten|bupati)\b")

_MONTHS = {
    month: number
    for number, months in enumerate(
        (
            ("jan", "januari", "january"),
            ("feb", "februari", "pebruari", "february"),
            ("mar", "maret", "march"),
            ("apr", "april"),
            ("mei", "may"),
            ("jun", "juni", "june"),
            ("jul", "juli", "july"),
            ("agu", "ags", "agt", "agustus", "aug", "august"),
            ("sep", "sept", "september"),
            ("okt", "oktober", "oct", "october"),
            ("nov", "november", "nopember"),
            ("des", "desember", "dec", "december"),
        ),
        start=1,
    )
    for month in months
}
_DAY_FIRST = re.compile(r"(\d{1,2})[/. -]+(\d{1,2}|[a-z]{3,9})\.?[/. -]+(\d{4})")
_YEAR_FIRST = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[ t][\d:.]+)?")
_TWO_OPERATORS = re.compile(r"[,/;&+]|\bdan\b")


@dataclass(frozen=True, slots=True)
class Statement:
    """What a row says, in our words; which village it says it of is not known yet."""

    kind: str
    stated: str
    stated_date: date
    operator: str
    settlement: str
    stated_by_role: str
    stated_by_name: str
    power_hours: float | None
    other_internet: str
    note: str


def to_statement(
    cells: Mapping[str, str], *, today: date
) -> tuple[Statement | None, list[Problem]]:
    """Say what a row states, or which cells keep it from stating anything."""
    problems = []
    read: dict[str, Any] = {}
    for field, (heading, _aliases) in COLUMNS.items():
        text = cells.get(field, "")
        try:
            read[field] = _read_cell(field, text, today)
        except ValueError as error:
            problems.append(Problem(heading, text, str(error)))
    if BEYOND in cells:
        reason = _(
            "This row has more cells than there are headings: a comma or semicolon "
            "too many? Correct the row."
        )
        problems.append(Problem("", cells[BEYOND], reason))
    if problems:
        return None, problems
    del read["district"], read["village"]
    return Statement(kind=_kind_of(read["stated_by_role"]), **read), []


def _read_cell(field: str, text: str, today: date) -> Any:
    """Return the value of a cell.

    Raises
    ------
    ValueError
        With the reason, in the user's language.
    """
    if text.startswith("="):
        raise ValueError(
            _("Formulas are not read. Copy the cell and paste it as a value.")
        )
    if field in REQUIRED and not text:
        raise ValueError(_("This cell must not be empty."))
    if field == "stated":
        return _stated(text)
    if field == "operator":
        return _operator(text)
    if field == "stated_date":
        return to_date(text, today=today)
    if field == "power_hours":
        return _power_hours(text)
    longest = 300 if field == "note" else 100
    if len(text) > longest:
        raise ValueError(
            _("Longer than %(count)d characters. Shorten it.") % {"count": longest}
        )
    return text


def _stated(text: str) -> str:
    words = re.sub(r"[^\w]+", " ", text.lower()).strip()
    if words not in STATED_OF_WORDS:
        known = ", ".join(STATED_CHOICES)
        raise ValueError(_("Not known here. Use one of: %(names)s.") % {"names": known})
    return STATED_OF_WORDS[words].value


def _operator(text: str) -> str:
    words = " ".join(text.lower().split())
    if words in _OPERATOR_OF_WORDS:
        return _OPERATOR_OF_WORDS[words]
    if _TWO_OPERATORS.search(words):
        raise ValueError(_("One operator in each row. Write a row for each of them."))
    known = ", ".join(["Telkomsel", "Indosat", "XLSmart", ALL_OPERATORS])
    raise ValueError(_("Not known here. Use one of: %(names)s.") % {"names": known})


def _power_hours(text: str) -> float | None:
    digits = re.sub(r"\s*(jam|j)\b.*$", "", text.lower())
    if not digits or digits == "-":
        return None
    try:
        hours = to_number(digits, has_decimal_comma=True)
    except ValueError:
        hours = -1.0
    if not 0 <= hours <= HOURS_OF_DAY:
        raise ValueError(_("Write hours a day, from 0 to 24, or leave the cell empty."))
    return hours


def to_date(text: str, *, today: date) -> date:
    """Read a date as offices write it: day first, or ISO 8601.

    >>> str(to_date("3 Des. 2025", today=date(2026, 1, 1)))
    '2025-12-03'
    >>> str(to_date("03/12/2025", today=date(2026, 1, 1)))
    '2025-12-03'

    Raises
    ------
    ValueError
        If it is no such date, before there were mobile phones, or to come.
    """
    words = text.lower()
    try:
        if match := _YEAR_FIRST.fullmatch(words):
            year, month, day = (int(number) for number in match.groups())
        elif match := _DAY_FIRST.fullmatch(words):
            day, year = int(match[1]), int(match[3])
            month = int(match[2]) if match[2].isdecimal() else _MONTHS[match[2]]
        else:
            raise ValueError(text)
        found = date(year, month, day)
    except (KeyError, ValueError):
        raise ValueError(
            _("Not a date. Write day, month and year, like 23/11/2026.")
        ) from None
    if found > today:
        raise ValueError(_("This date is still to come."))
    if found.year < EARLIEST_OBSERVED_YEAR:
        raise ValueError(_("There were no mobile phones yet. Check the year."))
    return found


def _kind_of(role: str) -> str:
    words = role.lower()
    if _OF_VILLAGE.search(words) and not _OF_OFFICE.search(words):
        return Claim.Kind.VILLAGE_STATEMENT.value
    return Claim.Kind.OFFICE_STATEMENT.value
