from villages.models.claims import Claim, ClaimDecision, ClaimRow, ClaimSheet
from villages.models.devices import Device, WrongCode
from villages.models.measurement_tasks import MeasurementTask
from villages.models.photos import Photo
from villages.models.places import (
    BoundarySource,
    District,
    Facility,
    Settlement,
    Village,
)
from villages.models.rates import RequestCount
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
from villages.models.sites import OfficeInternet, Site
from villages.models.tokens import ApiToken
from villages.models.webhooks import (
    Webhook,
    WebhookDelivery,
    WebhookEvent,
    WebhookOutcome,
)

__all__ = [
    "ApiToken",
    "BoundarySource",
    "Claim",
    "ClaimDecision",
    "ClaimRow",
    "ClaimSheet",
    "Device",
    "District",
    "Environment",
    "Facility",
    "Found",
    "ImportBatch",
    "MeasurementTask",
    "OfficeInternet",
    "Operator",
    "Photo",
    "ReportChange",
    "ReportReview",
    "RequestCount",
    "ReviewState",
    "Settlement",
    "SignalReport",
    "Site",
    "Technology",
    "Village",
    "Webhook",
    "WebhookDelivery",
    "WebhookEvent",
    "WebhookOutcome",
    "WrongCode",
]
