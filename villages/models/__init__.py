from villages.models.devices import Device, WrongCode
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
    "Device",
    "District",
    "Environment",
    "Facility",
    "Found",
    "ImportBatch",
    "Operator",
    "ReportChange",
    "ReviewState",
    "Settlement",
    "SignalReport",
    "Technology",
    "Village",
    "WrongCode",
]
