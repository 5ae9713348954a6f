"""The phone's own outbox against the real API, whatever the network does between them.

The outbox runs in a node process (tests/js/phone.js); its questions to the network are
answered here, by the API or by a fault. Hypothesis makes up the sequences. How many:
KUKAR_SEQUENCES, 1,000 by default.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from django.conf import settings as site
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import CharField
from django.db.models.functions import Cast
from django.test import Client
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from villages.api.reports import receipt, submit
from villages.api.serializers import ReportSerializer
from villages.models import Operator, SignalReport

pytestmark = pytest.mark.django_db

SEQUENCES = int(os.environ.get("KUKAR_SEQUENCES", "1000"))
STEPS = 25
START_MS = 1_795_000_000_000
PING = "/api/v1/ping"
TABS = st.sampled_from(["a", "b"])

FOUND = st.sampled_from(
    [
        {"found": "no_service"},
        {"found": "emergency_only"},
        {"found": "voice_only"},
        {"found": "data", "internet": "slow"},
        {"found": "data", "internet": "good", "rsrp_dbm": -95},
    ]
)
# What the server refuses: a reading without a network, and a number that cannot be.
WRONG = st.sampled_from(
    [
        {"found": "no_service", "rsrp_dbm": -95},
        {"found": "data", "rsrp_dbm": -500},
        {"found": "data", "power_out_hours": "many"},
    ]
)


@st.composite
def reports(draw, said=FOUND):
    """One report as the form makes it."""
    at_ms = START_MS - draw(st.integers(0, 10**9))
    return {
        "id": str(uuid.UUID(int=draw(st.integers(0, 2**128 - 1)), version=4)),
        "observed_at": datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(
            timespec="milliseconds"
        ),
        "operator": draw(st.sampled_from(Operator.values)),
        "lon": draw(st.floats(115, 118)),
        "lat": draw(st.floats(-2, 2)),
        "accuracy_m": draw(st.none() | st.floats(0, 5000)),
        "position_source": "device",
        "technology": "",
        "rsrp_dbm": None,
        "environment": draw(st.sampled_from(["", "indoor", "outdoor"])),
        "power_out_hours": draw(st.none() | st.floats(0, 744)),
        "note": draw(
            st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=8)
        ),
        **draw(said),
    }


VISITS = st.lists(reports(), min_size=1, max_size=3)


class Phone:
    """The process, and what its last answer said."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            ["node", str(site.BASE_DIR / "tests" / "js" / "phone.js")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        self.seen: dict[str, Any] = {}

    def do(self, what: str, **values: Any) -> str | None:
        """Let the phone do it; return the name of the error, if there was one."""
        self.process.stdin.write(json.dumps({"do": what, **values}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, "the phone's process has ended"
        self.seen = json.loads(line)
        return self.seen["error"]

    @property
    def asks(self) -> list[dict[str, Any]]:
        return self.seen["asks"]

    @property
    def items(self) -> dict[str, dict[str, Any]]:
        return {item["id"]: item for item in self.seen["items"]}

    @property
    def tabs(self) -> dict[str, dict[str, Any]]:
        return self.seen["tabs"]


class FieldTrip(RuleBasedStateMachine):
    """A phone with up to two tabs, a network that does what it likes, and our API."""

    phone: Phone

    def __init__(self) -> None:
        super().__init__()
        self.example = transaction.atomic()
        self.example.__enter__()
        for name in ("ana", "budi"):
            user = get_user_model().objects.create_user(name)
            user.groups.add(Group.objects.get(name="field"))
        self.client = Client(enforce_csrf_checks=True)
        # Every report that the phone has said to be kept, and those of them that the
        # server must refuse.
        self.saved: dict[str, dict[str, Any]] = {}
        self.wrong: set[str] = set()
        # Ids under which somebody else's report is stored.
        self.taken: set[str] = set()

    @initialize(version=st.sampled_from([1, 2]), kept=st.lists(reports(), max_size=30))
    def begin(self, version: int, kept: list[dict[str, Any]]) -> None:
        """The app may be an old one, with a queue longer than a batch."""
        self.sign_in("ana")
        kept = list({report["id"]: report for report in kept}.values())
        assert not self.phone.do("phone", version=version, reports=kept, now=START_MS)
        self.saved |= {report["id"]: report for report in kept}

    # --- the people -----------------------------------------------------------------

    @rule(tab=TABS, visit=VISITS)
    def save(self, tab: str, visit: list[dict[str, Any]]) -> None:
        self._save(tab, visit)

    @rule(tab=TABS, visit=st.lists(reports(WRONG), min_size=1, max_size=2))
    def save_what_the_server_refuses(
        self, tab: str, visit: list[dict[str, Any]]
    ) -> None:
        self.wrong |= set(self._save(tab, visit))

    @rule(tab=TABS, report=reports(), other=reports())
    def save_under_an_id_that_is_taken(
        self, tab: str, report: dict[str, Any], other: dict[str, Any]
    ) -> None:
        other |= {"id": report["id"], "note": report["note"] + "other"}
        if ids := self._save(tab, [report]):
            self.wrong |= set(ids)
            self.taken |= set(ids)
            submit([other], reported_by_id=None)

    @rule(tab=TABS, visit=VISITS, after=st.integers(0, 2))
    def save_on_a_full_phone(
        self, tab: str, visit: list[dict[str, Any]], after: int
    ) -> None:
        self._open(tab)
        self.phone.do("fail_write", after=after)
        self._save(tab, visit)
        self.phone.do("fail_write", after=None)

    def _save(self, tab: str, visit: list[dict[str, Any]]) -> list[str]:
        """Save; all of *visit* is kept, or none of it and the phone says so."""
        self._open(tab)
        visit = [r for r in visit if r["id"] not in self.saved]
        before = set(self.phone.items)
        error = self.phone.do("save", tab=tab, reports=visit)
        ids = {report["id"] for report in visit}
        assert set(self.phone.items) == before | (set() if error else ids)
        if error:
            return []
        self.saved |= {report["id"]: report for report in visit}
        return list(ids)

    @precondition(lambda self: self._aside())
    @rule(tab=TABS, report=reports())
    def correct(self, tab: str, report: dict[str, Any]) -> None:
        self._open(tab)
        old = self._aside()[0]
        if report["id"] in self.saved:
            return
        if not self.phone.do("correct", tab=tab, id=old, report=report):
            del self.saved[old]
            self.saved[report["id"]] = report

    @precondition(lambda self: self._aside())
    @rule(tab=TABS)
    def discard(self, tab: str) -> None:
        self._open(tab)
        old = self._aside()[0]
        if not self.phone.do("discard", tab=tab, id=old):
            del self.saved[old]

    def _aside(self) -> list[str]:
        items = self.phone.items.values()
        return [item["id"] for item in items if item["state"] == "aside"]

    @rule(tab=TABS)
    def open(self, tab: str) -> None:
        self._open(tab)
        self.phone.do("kick", tab=tab)

    def _open(self, tab: str) -> None:
        if tab not in self.phone.tabs:
            self.phone.do("open", tab=tab)

    @rule(tab=TABS)
    def kick(self, tab: str) -> None:
        if tab in self.phone.tabs:
            self.phone.do("kick", tab=tab)

    @rule(tab=TABS, arrives=st.booleans())
    def kill_the_tab(self, tab: str, arrives: bool) -> None:
        """What was on its way to the server may arrive; the answer finds nobody."""
        for ask in self.phone.asks:
            if ask["tab"] == tab and arrives:
                self._serve(ask)
        self.phone.do("close", tab=tab)

    @rule(name=st.sampled_from(["ana", "ana", "budi", None]))
    def sign_in(self, name: str | None) -> None:
        self.client.cookies.pop("sessionid", None)
        if name:
            self.client.force_login(get_user_model().objects.get(username=name))

    @rule()
    def the_office_brings_in_the_queue_as_a_file(self) -> None:
        waiting = [i for i in self.phone.items.values() if i["state"] == "waiting"]
        if waiting:
            submit([item["report"] for item in waiting], reported_by_id=None)

    # --- the network ----------------------------------------------------------------

    @precondition(lambda self: self.phone.asks)
    @rule(which=st.integers(0, 3))
    def answer(self, which: int) -> None:
        self._answer(self.phone.asks[which % len(self.phone.asks)])

    @precondition(lambda self: self.phone.asks)
    @rule()
    def answer_everything(self) -> None:
        self._answer_everything()

    def _answer_everything(self) -> None:
        for _ in range(200):
            if self.phone.asks:
                self._answer(self.phone.asks[0])
        assert not self.phone.asks, "the phone does not come to rest"

    @precondition(lambda self: self.phone.asks)
    @rule(which=st.integers(0, 3), arrives=st.booleans())
    def lose(self, which: int, arrives: bool) -> None:
        ask = self.phone.asks[which % len(self.phone.asks)]
        if arrives:
            self._serve(ask)
        self.phone.do("lose", ask=ask["ask"])

    @precondition(lambda self: self.phone.asks)
    @rule(
        which=st.integers(0, 3),
        arrives=st.booleans(),
        status=st.sampled_from([200, 401, 403, 413, 429, 500, 502, 503]),
        body=st.sampled_from(
            ["", "oops", "<html>Selamat datang di WiFi bandara</html>", "[]", '{"a":1}']
        ),
    )
    def put_something_else_in_place_of_the_answer(
        self, which: int, arrives: bool, status: int, body: str
    ) -> None:
        ask = self.phone.asks[which % len(self.phone.asks)]
        if arrives:
            self._serve(ask)
        headers = {"Retry-After": "7"} if status in (429, 503) else {}
        self._give(ask, status, headers, body)

    @precondition(lambda self: self._posts())
    @rule(keep=st.integers(0, 2))
    def answer_for_some_only(self, keep: int) -> None:
        ask = self._posts()[0]
        response = self._serve(ask)
        if response.status_code >= 300:
            self._give(ask, response.status_code, {}, response.content.decode())
            return
        content = response.json()
        content["results"] = content["results"][:keep]
        self._give(ask, 207, {}, json.dumps(content))

    def _posts(self) -> list[dict[str, Any]]:
        return [ask for ask in self.phone.asks if ask["method"] == "POST"]

    def _serve(self, ask: dict[str, Any]) -> Any:
        if ask["method"] == "GET":
            assert ask["url"] == PING
            return self.client.get(PING)
        headers = {k: v for k, v in ask["headers"].items() if k != "Content-Type"}
        return self.client.post(
            ask["url"], ask["body"], "application/json", headers=headers
        )

    def _answer(self, ask: dict[str, Any]) -> None:
        response = self._serve(ask)
        headers = {
            name: response[name] for name in ("X-Kukar-Connect",) if name in response
        }
        self._give(ask, response.status_code, headers, response.content.decode())

    def _give(
        self, ask: dict[str, Any], status: int, headers: dict[str, str], body: str
    ) -> None:
        token = self.client.cookies.get("csrftoken")
        self.phone.do(
            "answer",
            ask=ask["ask"],
            status=status,
            headers=headers,
            body=body,
            cookie=f"csrftoken={token.value}" if token else "",
        )

    # --- time and the phone's memory --------------------------------------------------

    @rule(tab=TABS)
    def let_the_timer_ring(self, tab: str) -> None:
        if self.phone.tabs.get(tab, {}).get("timers"):
            self.phone.do("tick", tab=tab)

    @rule(seconds=st.integers(1, 3600))
    def let_time_pass(self, seconds: int) -> None:
        self.phone.do("clock", seconds=seconds)

    @rule(after=st.integers(0, 3))
    def let_a_write_fail(self, after: int) -> None:
        self.phone.do("fail_write", after=after)

    # --- what holds at every moment -----------------------------------------------------

    @invariant()
    def nothing_is_forgotten_and_no_receipt_is_made_up(self) -> None:
        if not self.phone.seen:
            return
        items = self.phone.items
        assert set(items) == set(self.saved)
        stored = dict(
            SignalReport.objects.annotate(text=Cast("id", CharField())).values_list(
                "text", "digest"
            )
        )
        assert set(stored) <= set(self.saved) | self.taken
        for item in items.values():
            if item["state"] == "sent":
                assert item["receipt"] == receipt(stored[item["id"]])
            elif item["state"] == "aside":
                assert item["id"] in self.wrong
                assert item["problem"]["title"]

    def teardown(self) -> None:
        try:
            if self.phone.seen:
                self.come_home()
        finally:
            self.phone.seen = {}
            transaction.set_rollback(True)
            self.example.__exit__(None, None, None)

    def come_home(self) -> None:
        """There is a network; everybody signs in once. What was saved is what is stored."""
        for tab in list(self.phone.tabs):
            self.phone.do("close", tab=tab)
        self.phone.do("fail_write", after=None)
        # A tab that died while it was sending holds the others up for two minutes.
        self.phone.do("clock", seconds=3600)
        for name in ("ana", "budi"):
            self.sign_in(name)
            self.phone.do("open", tab="home")
            self.phone.do("kick", tab="home")
            self._answer_everything()
            self.phone.do("close", tab="home")
        items = self.phone.items
        by_state: dict[str, set[str]] = {"sent": set(), "aside": set()}
        for item in items.values():
            by_state[item["state"]].add(item["id"])
        wrong = self.wrong & set(self.saved)
        assert by_state == {"sent": set(self.saved) - wrong, "aside": wrong}
        stored = {str(r.id): r for r in SignalReport.objects.exclude(id__in=self.taken)}
        assert set(stored) == by_state["sent"]
        for pk, report in stored.items():
            item = items[pk]
            serializer = ReportSerializer(data=item["report"])
            assert serializer.is_valid()
            assert report.digest == serializer.validated_data.digest()
            assert item["receipt"] == receipt(report.digest)
            author = report.reported_by and report.reported_by.username
            # A file that the office brings in has no author here.
            assert author in (None, item["account"]) or item["account"] is None


def test_whatever_happens_what_was_saved_is_stored_once(db):
    if not shutil.which("node"):
        pytest.skip("no node here")
    FieldTrip.phone = phone = Phone()
    try:
        run_state_machine_as_test(
            FieldTrip,
            settings=settings(
                max_examples=SEQUENCES,
                stateful_step_count=STEPS,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        phone.process.stdin.close()
        phone.process.wait(10)
        phone.process.stdout.close()
