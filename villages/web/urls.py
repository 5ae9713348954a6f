from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from villages.web import views

urlpatterns = [
    path("lapor/", views.ReportForm.as_view(), name="report-form"),
    # Exempt, to refuse a file that is too large before anything reads it; the view
    # checks the token itself.
    path("impor/", csrf_exempt(views.ReportImport.as_view()), name="report-import"),
    path("impor/contoh.csv", views.sample_file, name="import-sample"),
    path("impor/<uuid:pk>/", views.ImportDetail.as_view(), name="import-detail"),
    path("impor/<uuid:pk>/status.json", views.import_status, name="import-status"),
    path("impor/<uuid:pk>/lanjut/", views.resume, name="import-resume"),
    path("impor/<uuid:pk>/batal/", views.cancel, name="import-cancel"),
    path("impor/<uuid:pk>/baris.csv", views.row_report, name="import-rows"),
]
