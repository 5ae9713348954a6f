from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from villages.web import (
    claims,
    devices,
    places,
    review,
    tokens,
    views,
    webhooks,
    workbooks,
)
from villages.web.photos import photo

urlpatterns = [
    path("lapor/", views.ReportForm.as_view(), name="report-form"),
    path("perangkat/", devices.Devices.as_view(), name="devices"),
    path(
        "perangkat/<uuid:pk>/cabut/",
        devices.RevokeDevice.as_view(),
        name="device-revoke",
    ),
    path("token/", tokens.Tokens.as_view(), name="tokens"),
    path("token/<uuid:pk>/cabut/", tokens.RevokeToken.as_view(), name="token-revoke"),
    path("webhook/", webhooks.Webhooks.as_view(), name="webhooks"),
    path("webhook/<uuid:pk>/", webhooks.WebhookPage.as_view(), name="webhook"),
    path(
        "webhook/<uuid:pk>/rahasia/",
        webhooks.NewSecret.as_view(),
        name="webhook-secret",
    ),
    path(
        "webhook/<uuid:pk>/jeda/",
        webhooks.ChangeWebhook.as_view(what="pause"),
        name="webhook-pause",
    ),
    path(
        "webhook/<uuid:pk>/lanjut/",
        webhooks.ChangeWebhook.as_view(what="go_on"),
        name="webhook-resume",
    ),
    path(
        "webhook/<uuid:pk>/uji/",
        webhooks.ChangeWebhook.as_view(what="test"),
        name="webhook-test",
    ),
    path(
        "webhook/<uuid:pk>/hapus/",
        webhooks.ChangeWebhook.as_view(what="drop"),
        name="webhook-drop",
    ),
    path(
        "webhook/<uuid:pk>/pesan/<int:delivery_id>/ulang/",
        webhooks.ChangeWebhook.as_view(what="resend"),
        name="webhook-resend",
    ),
    path("foto/<uuid:pk>/", photo, name="photo"),
    # Exempt, to refuse a file that is too large before anything reads it; the view
    # checks the token itself.
    path("impor/", csrf_exempt(views.ReportImport.as_view()), name="report-import"),
    path(
        "impor/unduh.xlsx",
        workbooks.ImportsWorkbook.as_view(),
        name="imports-workbook",
    ),
    path("impor/contoh.csv", views.sample_file, name="import-sample"),
    path("impor/<uuid:pk>/", views.ImportDetail.as_view(), name="import-detail"),
    path("impor/<uuid:pk>/status.json", views.import_status, name="import-status"),
    path("impor/<uuid:pk>/lanjut/", views.resume, name="import-resume"),
    path("impor/<uuid:pk>/batal/", views.cancel, name="import-cancel"),
    path("impor/<uuid:pk>/baris.csv", views.row_report, name="import-rows"),
    # Exempt for the same reason as the import.
    path(
        "impor/pernyataan/",
        csrf_exempt(claims.ClaimSheets.as_view()),
        name="claim-sheets",
    ),
    path("impor/pernyataan/templat.xlsx", claims.template, name="claim-template"),
    path(
        "impor/pernyataan/<uuid:pk>/",
        claims.ClaimSheetPage.as_view(),
        name="claim-sheet",
    ),
    path("impor/pernyataan/<uuid:pk>/buang/", claims.discard, name="claim-discard"),
    path("impor/pernyataan/<uuid:pk>/baris.xlsx", claims.row_report, name="claim-rows"),
    path(
        "pernyataan/unduh.xlsx",
        workbooks.ClaimsWorkbook.as_view(),
        name="claims-workbook",
    ),
    path("pernyataan/", claims.ClaimList.as_view(), name="claims"),
    path("pernyataan/<int:pk>/", claims.ClaimPage.as_view(), name="claim"),
    path("periksa/", review.ReviewPage.as_view(), name="review"),
    path("periksa/putuskan/", review.decide, name="review-decide"),
    path("periksa/semua/", review.decide_all, name="review-decide-all"),
    path("permukiman/", places.Places.as_view(), name="places"),
    path("permukiman/batas.json", places.outlines, name="place-outlines"),
    # Exempt for the same reason as the import.
    path(
        "permukiman/muat/<str:sort>/",
        csrf_exempt(places.BringList.as_view()),
        name="place-bring",
    ),
    path(
        "permukiman/muat/<str:sort>/templat.xlsx",
        places.template,
        name="place-template",
    ),
    path("permukiman/daftar/<uuid:pk>/", places.ListPage.as_view(), name="place-list"),
    path(
        "permukiman/daftar/<uuid:pk>/buang/", places.discard, name="place-list-discard"
    ),
    path("permukiman/<str:sort>/baru/", places.PlacePage.as_view(), name="place-new"),
    path("permukiman/<str:sort>/<int:pk>/", places.PlacePage.as_view(), name="place"),
    path(
        "permukiman/<str:sort>/<int:pk>/hapus/",
        places.DeletePlace.as_view(),
        name="place-delete",
    ),
]
