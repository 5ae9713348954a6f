from villages.models.photos import Photo
from villages.models.places import (
    BoundarySource,
    Claim,
    District,
    Facility,
    Settlement,
    Village,
)
from villages.models.reports import (
    Environment,
    Found,
    ImportBatch,
    Operator,
    ReportChange,
    ReviewState,
    SignalReport,
    Technology,
)

__all__ = [
    "BoundarySource",
    "Claim",
    "District",
    "Environment",
    "Facility",
    "Found",
    "ImportBatch",
    "Operator",
    "Photo",
    "ReportChange",
    "ReviewState",
    "Settlement",
    "SignalReport",
    "Technology",
    "Village",
]
