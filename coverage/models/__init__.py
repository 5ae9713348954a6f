"""What was derived from the reports, run by run."""

from coverage.models.actions import Action, ActionStatus, ActionStep, RankingWeights
from coverage.models.blocks import ReportBlock
from coverage.models.differences import RunDifference
from coverage.models.files import RunFile, RunFileSet
from coverage.models.results import (
    BlankSpot,
    PlaceCoverage,
    PlaceState,
    SpotState,
    SurfaceTile,
    VillageCoverage,
)
from coverage.models.runs import (
    ANY_OPERATOR,
    CoverageRun,
    LateChange,
    LayerOperator,
    Service,
    StagedLayer,
    StagedTile,
)

__all__ = [
    "ANY_OPERATOR",
    "Action",
    "ActionStatus",
    "ActionStep",
    "BlankSpot",
    "CoverageRun",
    "LateChange",
    "LayerOperator",
    "PlaceCoverage",
    "PlaceState",
    "RankingWeights",
    "ReportBlock",
    "RunDifference",
    "RunFile",
    "RunFileSet",
    "Service",
    "SpotState",
    "StagedLayer",
    "StagedTile",
    "SurfaceTile",
    "VillageCoverage",
]
