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
from villages.models.reviews import ReportReview

__all__ = [
    "BoundarySource",
    "Claim",
    "District",
    "Environment",
    "Facility",
    "Found",
    "ImportBatch",
    "Operator",
    "ReportChange",
    "ReportReview",
    "ReviewState",
    "Settlement",
    "SignalReport",
    "Technology",
    "Village",
]
