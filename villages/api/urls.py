from django.urls import path

from villages.api import places
from villages.api.devices import EnrolDevice
from villages.api.measurement_tasks import Tasks
from villages.api.photos import PhotoPieces
from villages.api.ping import Ping
from villages.api.probe import Probe
from villages.api.reports import Reports
from villages.api.reviews import Answer, MyReviews
from villages.api.search import Search
from villages.api.webhooks import (
    WebhookDeliveries,
    WebhookDetail,
    WebhookResend,
    Webhooks,
    WebhookSecret,
    WebhookTest,
)

urlpatterns = [
    path("ping", Ping.as_view(), name="api-ping"),
    path("devices/enrol/", EnrolDevice.as_view(), name="api-device-enrol"),
    path(
        "photos/<uuid:report_id>/<str:sha256>", PhotoPieces.as_view(), name="api-photo"
    ),
    path("probe", Probe.as_view(), name="api-probe"),
    path("reports/", Reports.as_view(), name="api-reports"),
    path("reports/mine/", MyReviews.as_view(), name="api-my-reviews"),
    path("reports/<uuid:pk>/answer", Answer.as_view(), name="api-answer"),
    path("tasks/", Tasks.as_view(), name="api-tasks"),
    path("districts/", places.Districts.as_view(), name="api-districts"),
    path(
        "village-points/",
        places.VillagePoints.as_view(),
        name="api-village-points",
    ),
    path("official-list/", places.OfficialList.as_view(), name="api-official-list"),
    path("settlements/", places.Settlements.as_view(), name="api-settlements"),
    path("facilities/", places.Facilities.as_view(), name="api-facilities"),
    path("sites/", places.Sites.as_view(), name="api-sites"),
    path(
        "office-internet/",
        places.OfficeInternets.as_view(),
        name="api-office-internet",
    ),
    path("search/", Search.as_view(), name="api-search"),
    path("webhooks/", Webhooks.as_view(), name="api-webhooks"),
    path("webhooks/<uuid:pk>/", WebhookDetail.as_view(), name="api-webhook"),
    path(
        "webhooks/<uuid:pk>/secret",
        WebhookSecret.as_view(),
        name="api-webhook-secret",
    ),
    path("webhooks/<uuid:pk>/test", WebhookTest.as_view(), name="api-webhook-test"),
    path(
        "webhooks/<uuid:pk>/deliveries/",
        WebhookDeliveries.as_view(),
        name="api-webhook-deliveries",
    ),
    path(
        "webhooks/<uuid:pk>/deliveries/<int:delivery_id>/resend",
        WebhookResend.as_view(),
        name="api-webhook-resend",
    ),
]
