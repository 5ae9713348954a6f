"""What a collection and a property of the OGC API are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.utils.functional import Promise

Text = str | Promise

STRING = {"type": "string"}
INTEGER = {"type": "integer"}
NUMBER = {"type": "number"}
BOOLEAN = {"type": "boolean"}
MOMENT = {"type": "string", "format": "date-time"}
DAY = {"type": "string", "format": "date"}
STRINGS = {"type": "array", "items": {"type": "string"}}


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
    moment_end : SQL of its end, where it lasts
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
    moment_end: str | None = None
    is_of_run: bool = False
    is_fixed: bool = False
    written: str | None = None
    batch: int = 1000

    @property
    def row(self) -> str:
        """Return SQL of where a row lies: within a statement the quickest way to it."""
        return f"{self.key.partition('.')[0]}.ctid"

    @property
    def filters(self) -> list[str]:
        return [name for name, one in self.properties.items() if one.is_filter]
