"""The API answers what its OpenAPI document says, whatever it is asked."""

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.utils import timezone
from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from coverage.services.compute_run import compute_full
from kukar_connect.wsgi import application
from tests.conftest import a_report as a_report_of
from tests.conftest import store
from villages.services.api_tokens import create_api_token

pytestmark = pytest.mark.django_db

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
EXAMPLES = 12


@pytest.fixture
def server():
    """The WSGI application, within the transaction of the test."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield application
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture
def token(account, settings):
    settings.KUKAR_RATES = {"token": [], "address": []}
    _token, text = create_api_token(
        user=account("admin", "admin"),
        name="script",
        scopes=["read", "submit"],
        days=1,
        now=timezone.now(),
    )
    return {"Authorization": f"Bearer {text}", "Accept-Encoding": "identity"}


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_no_answer_is_undocumented_or_breaks(server, a_blank_west, token, mode):
    store(a_report_of())
    compute_full(now=timezone.now(), progress=lambda *_: None, threads=1)
    schema = schemathesis.openapi.from_wsgi("/api/v1/schema/?format=json", server)
    failed = []
    operations = [result.ok() for result in schema.get_all_operations()]
    assert len(operations) > 25
    for operation in operations:
        strategy = operation.as_strategy(generation_mode=mode)

        @settings(
            max_examples=EXAMPLES,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            verbosity=Verbosity.quiet,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=strategy)
        def ask(case):
            case.call_and_validate(headers=token, checks=CHECKS)

        try:
            ask()
        except Unsatisfiable:
            # Nothing that is wrong can be said to an address without parameters.
            assert mode is GenerationMode.NEGATIVE
        except BaseExceptionGroup as group:
            failed += [f"{operation.label}: {each}" for each in group.exceptions]
    assert not failed, "\n\n".join(failed)
