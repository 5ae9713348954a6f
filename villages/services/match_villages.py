"""Finding the village that somebody meant by a name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from rapidfuzz import fuzz

from villages.models import Village

CANDIDATES = 4
# Below this a name is another name.
LEAST_SCORE = 60
# From here on, and this far before the next, a name is most probably the one meant.
SURE_SCORE = 85
SURE_LEAD = 6
# Taken from the score of a village that is not in the district written, so that it is
# never sure; less where that district was divided and the village lies in the part
# with the longer name (Wonosari of Kota Bangun, now Kota Bangun Darat).
OTHER_DISTRICT = 20
DIVIDED_DISTRICT = 4
# A name that is the same except for spelling is this near; one of many, never exact.
SPELLING = 1

_PREFIX = re.compile(r"^(desa|ds|kelurahan|kel|kecamatan|kec)\b[ .]*")
# How offices shorten the first words of names.
_SHORT = {
    "ma": "muara",
    "mr": "muara",
    "mra": "muara",
    "m": "muara",
    "kt": "kota",
    "kb": "kota bangun",
    "tj": "tanjung",
    "tjg": "tanjung",
    "tg": "tanjung",
    "tl": "teluk",
    "tlk": "teluk",
    "sei": "sungai",
    "sui": "sungai",
    "s": "sungai",
    "lg": "long",
    "lb": "long beleh",
    "gn": "gunung",
    "gng": "gunung",
    "bk": "bukit",
    "bkt": "bukit",
    "pl": "pulau",
    "kp": "kampung",
    "kmp": "kampung",
    "tgr": "tenggarong",
    "tgrg": "tenggarong",
    "sbr": "seberang",
    "sbrg": "seberang",
    "brt": "barat",
    "1": "i",
    "2": "ii",
    "3": "iii",
}
# Spellings that stand for one sound: Buluq, Buluk; Djonggon, Jonggon; Oemaq, Umaq.
_SOUNDS = (("oe", "u"), ("dj", "j"), ("tj", "c"), ("q", "k"), ("'", ""))


class Match(StrEnum):
    EXACT = "exact"
    LIKELY = "likely"
    DOUBTFUL = "doubtful"


@dataclass(frozen=True, slots=True)
class Candidate:
    village: Village
    # 100 is the same name in the same district.
    score: int


@dataclass(frozen=True, slots=True)
class Found:
    """Villages that a name may mean, the nearest first, and how sure that is."""

    match: Match
    candidates: tuple[Candidate, ...]

    @property
    def village(self) -> Village | None:
        """The village that is meant, None where a person must choose."""
        return None if self.match is Match.DOUBTFUL else self.candidates[0].village


class VillageNames:
    """The names of all villages, ready to be compared."""

    def __init__(self, villages: Iterable[Village]) -> None:
        self._villages = list(villages)
        self._by_code = {re.sub(r"\D", "", v.code): v for v in self._villages}
        self._districts = {v.district_id: v.district.name for v in self._villages}
        # A village is called by its official name and by its other names alike.
        self._names = {
            v.code: [(plain_name(n), spelled(n)) for n in (v.name, *v.aliases)]
            for v in self._villages
        }
        self._known: dict[tuple[str, str], Found] = {}

    def find(self, *, name: str, district: str) -> Found:
        """Return the villages that *name* may mean; *district* may be empty.

        A code of the Ministry, with or without dots, names its village exactly.
        """
        key = (name, district)
        if key not in self._known:
            self._known[key] = self._find(name, district)
        return self._known[key]

    def _find(self, name: str, district: str) -> Found:
        by_code = self._by_code.get(re.sub(r"[ .]", "", name))
        if by_code is not None:
            return Found(Match.EXACT, (Candidate(by_code, 100),))
        plain, spelling = plain_name(name), spelled(name)
        if not spelling:
            return Found(Match.DOUBTFUL, ())
        penalties, is_district_known = self._penalties(district)
        candidates = []
        exact = []
        for village in self._villages:
            penalty = penalties.get(village.district_id, OTHER_DISTRICT)
            near = max(
                _nearness(plain, spelling, *own) for own in self._names[village.code]
            )
            if near == 100 and penalty == 0:
                exact.append(village)
            score = round(near - penalty)
            if score >= LEAST_SCORE:
                candidates.append(Candidate(village, score))
        candidates.sort(key=lambda found: (-found.score, found.village.code))
        first = tuple(candidates[:CANDIDATES])
        if len(exact) == 1 and is_district_known:
            return Found(Match.EXACT, first)
        return Found(Match.LIKELY if _is_likely(first) else Match.DOUBTFUL, first)

    def _penalties(self, district: str) -> tuple[dict[str, int], bool]:
        """Return what being in each district takes away, and whether it is known.

        Without a district, and with one that is none of ours, all are alike; in the
        second case no match is exact.
        """
        plain = plain_name(district)
        if not plain:
            return dict.fromkeys(self._districts, 0), True
        names = {code: plain_name(name) for code, name in self._districts.items()}
        nearest = max(
            names, key=lambda code: fuzz.ratio(spelled(plain), spelled(names[code]))
        )
        likeness = fuzz.ratio(spelled(plain), spelled(names[nearest]))
        if likeness < SURE_SCORE:
            return dict.fromkeys(self._districts, 0), False
        return {
            code: 0
            if code == nearest
            else DIVIDED_DISTRICT
            if name.startswith(names[nearest] + " ")
            else OTHER_DISTRICT
            for code, name in names.items()
        }, True


def _is_likely(candidates: tuple[Candidate, ...]) -> bool:
    if not candidates or candidates[0].score < SURE_SCORE:
        return False
    next_score = candidates[1].score if len(candidates) > 1 else 0
    lead = candidates[0].score - next_score
    return lead >= SURE_LEAD or (candidates[0].score >= 100 - SPELLING and lead > 0)


def _nearness(plain: str, spelling: str, own_plain: str, own_spelling: str) -> float:
    """Return from 0 to 100 how near a name is to one of a village's own."""
    if own_plain == plain:
        return 100.0
    if own_spelling == spelling:
        return 100.0 - SPELLING
    return min(99.0 - SPELLING, _likeness(spelling, own_spelling))


def _likeness(one: str, other: str) -> float:
    """Return from 0 to 100 how alike two spellings are, spaces and order aside."""
    return max(
        fuzz.ratio(one.replace(" ", ""), other.replace(" ", "")),
        fuzz.token_sort_ratio(one, other),
    )


def plain_name(name: str) -> str:
    """Return *name* in small letters, without accents, punctuation or “Desa”.

    >>> plain_name("Ds. MUHURAN"), plain_name("Sanga-Sanga Dalam")
    ('muhuran', 'sanga sanga dalam')
    """
    text = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    words = " ".join(re.sub(r"[^a-z0-9']+", " ", text.lower()).split())
    return _PREFIX.sub("", words) or words


def spelled(name: str) -> str:
    """Return *name* as all its spellings are: short words whole, sounds alike.

    >>> spelled("Ma. Tuboq") == spelled("Muara Tubok")
    True
    >>> spelled("Salo Cella") == spelled("Sallo Cela")
    True
    """
    words = [_SHORT.get(word, word) for word in plain_name(name).split()]
    text = " ".join(words)
    for written, sound in _SOUNDS:
        text = text.replace(written, sound)
    # Two alike are one, but for numerals: Kota Bangun I, II and III.
    return " ".join(
        word if re.fullmatch("i+", word) else re.sub(r"(.)\1+", r"\1", word)
        for word in text.split()
    )
