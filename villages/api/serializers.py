from __future__ import annotations

from typing import Any

from rest_framework import serializers

from villages.models.reports import (
    Environment,
    Found,
    Internet,
    Operator,
    PositionSource,
    Technology,
)
from villages.services.submit_reports import NewReport, check_report


class ReportSerializer(serializers.Serializer):
    """The wire form of a report. It reads types; `check_report` knows the rules."""

    id = serializers.UUIDField(help_text="Made by the client, once per report.")
    operator = serializers.ChoiceField(Operator.choices)
    technology = serializers.ChoiceField(
        Technology.choices, default="", allow_blank=True, help_text="2G … 5G, or empty."
    )
    found = serializers.ChoiceField(Found.choices)
    internet = serializers.ChoiceField(
        Internet.choices,
        default="",
        allow_blank=True,
        help_text="How it felt, with found=data.",
    )
    rsrp_dbm = serializers.FloatField(
        default=None,
        allow_null=True,
        help_text="RSRP in 4G and 5G, RSCP in 3G, RxLev in 2G.",
    )
    rsrq_db = serializers.FloatField(default=None, allow_null=True)
    sinr_db = serializers.FloatField(default=None, allow_null=True)
    download_mbps = serializers.FloatField(default=None, allow_null=True)
    upload_mbps = serializers.FloatField(default=None, allow_null=True)
    latency_ms = serializers.FloatField(default=None, allow_null=True)
    lon = serializers.FloatField()
    lat = serializers.FloatField()
    accuracy_m = serializers.FloatField(default=None, allow_null=True)
    position_source = serializers.ChoiceField(
        PositionSource.choices, default=PositionSource.DEVICE.value
    )
    observed_at = serializers.DateTimeField(
        help_text="ISO 8601; without an offset it is taken as WITA (+08:00)."
    )
    environment = serializers.ChoiceField(
        Environment.choices, default="", allow_blank=True
    )
    power_out_hours = serializers.FloatField(default=None, allow_null=True)
    device_model = serializers.CharField(
        default="", allow_blank=True, trim_whitespace=True, max_length=100
    )
    note = serializers.CharField(
        default="", allow_blank=True, trim_whitespace=True, max_length=1000
    )

    def to_internal_value(self, data: Any) -> NewReport:
        if isinstance(data, dict):
            # Empty means "not known" for every optional field, as null does.
            optional = {n for n, f in self.fields.items() if not f.required}
            data = {
                name: value
                for name, value in data.items()
                if not (name in optional and value is None)
            }
        report = NewReport(**super().to_internal_value(data))
        errors = check_report(report)
        if errors:
            raise serializers.ValidationError(errors)
        return report


class ItemResultSerializer(serializers.Serializer):
    """What became of one report (for the documentation)."""

    id = serializers.CharField(allow_null=True)
    status = serializers.IntegerField(
        help_text="201 stored, 200 the same was there, 409 another report has this id, "
        "422 not valid."
    )
    title = serializers.CharField()
    receipt = serializers.CharField(required=False)
    village = serializers.CharField(required=False, allow_null=True)
    village_name = serializers.CharField(required=False, allow_null=True)
    flags = serializers.ListField(child=serializers.CharField(), required=False)
    errors = serializers.DictField(  # type: ignore[assignment]  # the wire's word
        child=serializers.ListField(child=serializers.CharField()), required=False
    )
    unknown_fields = serializers.ListField(
        child=serializers.CharField(),
        required=False,
        help_text="Fields that were sent and are not part of a report; not stored.",
    )


class SubmissionResultSerializer(serializers.Serializer):
    results = ItemResultSerializer(many=True)
