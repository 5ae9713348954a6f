"""Bringing in a sheet of claims: read, confirmed by a person, then kept."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import BinaryIO
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kukar_connect.errors import DomainError
from villages.importers.claim_files import MAX_BYTES, read_sheet
from villages.importers.claim_sheet import Statement, to_statement
from villages.importers.reading import Problem
from villages.models import Claim, ClaimRow, ClaimSheet, Village
from villages.services.match_villages import Found, Match, VillageNames

_CODE = re.compile(r"\d{2}\.\d{2}\.\d{2}\.\d{4}")
# Fixed for ever: with another every sheet could be brought in a second time.
_DIGEST_PREFIX = "claim-1"


class ChoiceError(DomainError):
    """A row was given to a village that does not exist."""

    title = gettext_noop("A chosen village is not known.")


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a waiting row would become: a claim about a village, or nothing."""

    row: ClaimRow
    statement: Statement | None
    problems: Sequence[Problem]
    found: Found | None
    # The village most probably meant has this very claim already.
    is_known: bool = False

    @property
    def needs_choice(self) -> bool:
        return self.found is not None and self.found.match is Match.DOUBTFUL


@transaction.atomic
def receive_sheet(
    *, stream: BinaryIO, file_name: str, occasion: str, brought_by_id: int | None
) -> tuple[ClaimSheet, bool]:
    """Read a sheet and keep its rows, without any effect, until it is confirmed.

    Returns the sheet, and whether it is new. Safe to repeat: the same file again is
    the sheet that it became the first time.

    Raises
    ------
    ClaimSheetError
        If the file cannot be read as a sheet of claims.
    """
    # What is longer is refused, so a byte more is enough to see it.
    data = stream.read(MAX_BYTES + 1)
    sha256 = hashlib.sha256(data).hexdigest()
    known = ClaimSheet.objects.filter(sha256=sha256).first()
    if known is not None:
        return known, False
    content = read_sheet(data)
    sheet, is_new = ClaimSheet.objects.get_or_create(
        sha256=sha256,
        defaults={
            "file_name": file_name[-255:],
            "occasion": occasion,
            "brought_by_id": brought_by_id,
            "ignored_columns": content.ignored_columns,
            "row_count": len(content.rows),
        },
    )
    if is_new:
        ClaimRow.objects.bulk_create(
            ClaimRow(sheet=sheet, line=row.line, cells=row.cells)
            for row in content.rows
        )
    return sheet, is_new


def proposals_of(sheet: ClaimSheet, *, today: date) -> list[Proposal]:
    """Return what the rows of *sheet* would become, in the order of the file."""
    names = VillageNames(_villages())
    proposals = [_proposal(row, names, today) for row in sheet.rows.all()]
    digests = {
        proposal.row.line: _digest(proposal.statement, proposal.found.village.code)
        for proposal in proposals
        if proposal.statement and proposal.found and proposal.found.village
    }
    known = set(
        Claim.objects.filter(digest__in=digests.values()).values_list(
            "digest", flat=True
        )
    )
    return [
        replace(proposal, is_known=digests.get(proposal.row.line) in known)
        for proposal in proposals
    ]


def village_code_of(text: str) -> str | None:
    """Return the code of the village that *text* names beyond doubt.

    It may be a code, the name of one village only, or a name with its code.
    """
    dotted = _CODE.search(text)
    found = VillageNames(_villages()).find(
        name=dotted[0] if dotted else text, district=""
    )
    return found.village.code if found.village and found.match is Match.EXACT else None


def _villages() -> list[Village]:
    return list(
        Village.objects.select_related("district").only(
            "code", "name", "aliases", "kind", "district__name"
        )
    )


def _proposal(row: ClaimRow, names: VillageNames, today: date) -> Proposal:
    statement, problems = to_statement(row.cells, today=today)
    found = None
    if statement is not None:
        found = names.find(
            name=row.cells["village"], district=row.cells.get("district", "")
        )
    return Proposal(row, statement, problems, found)


@transaction.atomic
def confirm_sheet(
    *,
    sheet_id: UUID,
    villages: Mapping[int, str],
    confirmed_by_id: int | None,
    now: datetime,
    today: date,
) -> ClaimSheet:
    """Keep the rows of a sheet as claims, each about the village chosen for it.

    *villages* holds a village's code by row; a row that it does not name is left
    out. A row with the content of a claim already kept, from this sheet or any
    other, is a duplicate. Claims are to be verified; they are no reports and
    change no map. Safe to repeat: a confirmed sheet is left as it is.

    Raises
    ------
    ChoiceError
        If a code is of no village. Nothing is kept.
    """
    sheet = ClaimSheet.objects.select_for_update().get(pk=sheet_id)
    if sheet.confirmed_at is not None:
        return sheet
    known = set(
        Village.objects.filter(code__in=villages.values()).values_list(
            "code", flat=True
        )
    )
    for line, code in villages.items():
        if code not in known:
            raise ChoiceError(
                _(
                    "Row %(line)d: “%(code)s” is no village of the list. Write the "
                    "beginning of its name and choose it from the list that appears."
                )
                % {"line": line, "code": code[:40]}
            )
    kept: list[tuple[ClaimRow, Claim]] = []
    rows = list(sheet.rows.all())
    names = VillageNames(_villages())
    for row in rows:
        statement, problems = to_statement(row.cells, today=today)
        if statement is None:
            row.result = ClaimRow.Result.REJECTED
            row.reason = " ".join(
                f"{problem.column}: {problem.reason}".removeprefix(": ")
                for problem in problems
            )
        elif row.line not in villages:
            row.result = ClaimRow.Result.LEFT_OUT
            row.reason = _why_left_out(_proposal(row, names, today).found)
        else:
            claim = _claim(sheet, row, statement, villages[row.line])
            kept.append((row, claim))
    _keep(sheet, kept)
    ClaimRow.objects.bulk_update(rows, ["result", "reason", "claim"])
    for result in ("stored", "duplicate", "left_out", "rejected"):
        setattr(sheet, result, sum(row.result == result for row in rows))
    sheet.confirmed_at = now
    sheet.confirmed_by_id = confirmed_by_id
    sheet.save()
    return sheet


def _why_left_out(found: Found | None) -> str:
    if found is None or found.village is not None:
        return _("Left out when the sheet was confirmed.")
    if not found.candidates:
        return _("No village was chosen, and none has a name like this.")
    near = "; ".join(
        f"{candidate.village.name}, {candidate.village.district.name}"
        for candidate in found.candidates
    )
    return _("No village was chosen. Names like this: %(names)s.") % {"names": near}


def _digest(statement: Statement, village_code: str) -> str:
    told = json.dumps([_DIGEST_PREFIX, village_code, asdict(statement)], default=str)
    return hashlib.sha256(told.encode()).hexdigest()


def _claim(
    sheet: ClaimSheet, row: ClaimRow, statement: Statement, village_code: str
) -> Claim:
    return Claim(
        village_id=village_code,
        sheet=sheet,
        digest=_digest(statement, village_code),
        event=sheet.occasion or sheet.file_name[:200],
        status=row.cells["stated"][:300],
        source=sheet.file_name,
        name_in_source=row.cells["village"][:100],
        verification=Claim.Verification.TO_VERIFY,
        **asdict(statement),
    )


def _keep(sheet: ClaimSheet, kept: Sequence[tuple[ClaimRow, Claim]]) -> None:
    """Store the claims that are new, and tell each row which claim it is."""
    new = {claim.digest: claim for _row, claim in reversed(kept)}
    # Another sheet with the same rows may be confirmed at this moment: in one order,
    # so that neither waits for the other.
    Claim.objects.bulk_create(
        [new[digest] for digest in sorted(new)], ignore_conflicts=True
    )
    stored = {
        claim.digest: claim
        for claim in Claim.objects.filter(digest__in=new).select_related("sheet")
    }
    first_row: dict[str, ClaimRow] = {}
    for row, claim in kept:
        row.claim = stored[claim.digest]
        first = first_row.setdefault(claim.digest, row)
        if row.claim.sheet_id != sheet.pk:
            row.result = ClaimRow.Result.DUPLICATE
            row.reason = _("Already there, from %(file)s.") % {"file": row.claim.source}
        elif first is not row:
            row.result = ClaimRow.Result.DUPLICATE
            row.reason = _("The same as row %(line)d.") % {"line": first.line}
        else:
            row.result = ClaimRow.Result.STORED


@transaction.atomic
def discard_sheet(*, sheet_id: UUID) -> None:
    """Forget a sheet that was not confirmed, with its rows.

    Safe to repeat. A confirmed sheet is left as it is.
    """
    ClaimSheet.objects.filter(pk=sheet_id, confirmed_at=None).delete()
