"""The phone's own outbox against the real API, whatever the network does between them.

The outbox runs in a node process (tests/js/phone.js); its questions to the network are
answered here, by the API or by a fault. Hypothesis makes up the sequences, 200 of them;
with KUKAR_SEQUENCES=1000 in the environment, 1,000.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import uuid
from typing import Any

import pytest
from django.conf import settings as site
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, Phase, settings
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

SEQUENCES = int(os.environ.get("KUKAR_SEQUENCES", "200"))
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


# Small choices rather than any number there is: they are drawn ten times as fast, and
# what numbers may be is tested elsewhere.
PARTS = {
    "observed_at": st.sampled_from(
        ["2026-11-18T03:00:00.123Z", "2026-11-17T23:59:59.999Z", "2026-01-01T00:00:00Z"]
    ),
    "operator": st.sampled_from(Operator.values),
    "lon": st.sampled_from([116.05, 116.123456789, 117, 115.000001]),
    "lat": st.sampled_from([0.01, -0.41234567, 0, 1.1]),
    "accuracy_m": st.sampled_from([None, 0, 7.3, 4999.9]),
    "environment": st.sampled_from(["", "indoor", "outdoor"]),
    "power_out_hours": st.sampled_from([None, 0, 2.5, 744]),
    "note": st.sampled_from(["", " di atas bukit ", "“ujung” desa\n📵", '\\ " , ;']),
}


def reports(said=FOUND):
    """Reports as the form makes them, but for their ids."""
    return st.builds(
        lambda said, **parts: {
            "position_source": "device",
            "technology": "",
            "rsrp_dbm": None,
            **parts,
            **said,
        },
        said,
        **PARTS,
    )


def visits(*, most, **how):
    return st.lists(reports(**how), min_size=1, max_size=most)


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
    # Of ana and of budi, who share the phone.
    sessions: dict[str, str]

    def __init__(self) -> None:
        super().__init__()
        self.example = transaction.atomic()
        self.example.__enter__()
        self.client = Client(enforce_csrf_checks=True)
        self.count = 0
        # What the server has, looked up again after it was asked to store something.
        self.stored: dict[str, str] | None = None
        # Every report that the phone has said to be kept, and those of them that the
        # server must refuse.
        self.saved: dict[str, dict[str, Any]] = {}
        self.wrong: set[str] = set()
        # Those of which the phone has said once that the server has them.
        self.sent: set[str] = set()
        # Ids under which somebody else's report is stored.
        self.taken: set[str] = set()

    @initialize(version=st.sampled_from([1, 2, 3]), kept=visits(most=30))
    def begin(self, version: int, kept: list[dict[str, Any]]) -> None:
        """The app may be an old one, with a queue longer than a batch."""
        self.sign_in("ana")
        kept = [self._named(report) for report in kept]
        assert not self.phone.do("phone", version=version, reports=kept, now=START_MS)
        self.saved |= {report["id"]: report for report in kept}

    def _named(self, report: dict[str, Any]) -> dict[str, Any]:
        self.count += 1
        return {**report, "id": str(uuid.UUID(int=self.count, version=4))}

    # --- the people -----------------------------------------------------------------

    @rule(tab=TABS, visit=visits(most=3))
    def save(self, tab: str, visit: list[dict[str, Any]]) -> None:
        self._save(tab, visit)

    @rule(tab=TABS, visit=visits(most=2, said=WRONG))
    def save_what_the_server_refuses(
        self, tab: str, visit: list[dict[str, Any]]
    ) -> None:
        self.wrong |= set(self._save(tab, visit))

    @rule(tab=TABS, report=reports())
    def save_under_an_id_that_is_taken(self, tab: str, report: dict[str, Any]) -> None:
        ids = self._save(tab, [report])
        self.wrong |= set(ids)
        self.taken |= set(ids)
        for pk in ids:
            self._submit([self.saved[pk] | {"note": "of somebody else"}])

    @rule(tab=TABS, visit=visits(most=3), after=st.integers(0, 2))
    def save_on_a_full_phone(
        self, tab: str, visit: list[dict[str, Any]], after: int
    ) -> None:
        self._open(tab)
        self.phone.do("fail_write", after=after)
        self._save(tab, visit)

    def _save(self, tab: str, visit: list[dict[str, Any]]) -> list[str]:
        """Save; all of *visit* is kept, or none of it and the phone says so."""
        self._open(tab)
        visit = [self._named(report) for report in visit]
        ids = [report["id"] for report in visit]
        before = set(self.phone.items)
        error = self.phone.do("save", tab=tab, reports=visit)
        assert set(self.phone.items) == before | (set() if error else set(ids))
        if error:
            return []
        self.saved |= {report["id"]: report for report in visit}
        self.phone.do("kick", tab=tab)
        return ids

    @precondition(lambda self: self._aside())
    @rule(tab=TABS, report=reports())
    def correct(self, tab: str, report: dict[str, Any]) -> None:
        self._open(tab)
        old, new = self._aside()[0], self._named(report)
        if not self.phone.do("correct", tab=tab, id=old, report=new):
            del self.saved[old]
            self.saved[new["id"]] = new
            self.phone.do("kick", tab=tab)

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

    @precondition(lambda self: self.phone.tabs)
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
            self.client.cookies["sessionid"] = self.sessions[name]

    @rule()
    def the_office_brings_in_the_queue_as_a_file(self) -> None:
        items = self.phone.items.values()
        self._submit([i["report"] for i in items if i["state"] == "waiting"])

    def _submit(self, reports: list[dict[str, Any]]) -> None:
        submit(reports, reported_by_id=None)
        self.stored = None

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
        # And not in the order in which it was asked.
        content["results"] = content["results"][::-1][:keep]
        self._give(ask, 207, {}, json.dumps(content))

    @precondition(lambda self: self._posts())
    @rule(name=st.sampled_from(["ana", "budi"]))
    def let_somebody_sign_in_while_it_is_sent(self, name: str) -> None:
        self.sign_in(name)
        self._answer(self._posts()[0])

    def _posts(self) -> list[dict[str, Any]]:
        return [ask for ask in self.phone.asks if ask["method"] == "POST"]

    def _serve(self, ask: dict[str, Any]) -> Any:
        if ask["method"] == "GET":
            assert ask["url"] == PING
            return self.client.get(PING)
        self.stored = None
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
        if self.stored is None:
            rows = SignalReport.objects.values_list("id", "digest")
            self.stored = {str(pk): digest for pk, digest in rows}
        stored = self.stored
        assert set(stored) <= set(self.saved) | self.taken
        for item in items.values():
            if item["state"] == "sent":
                assert item["receipt"] == receipt(stored[item["id"]])
                self.sent.add(item["id"])
            else:
                assert item["id"] not in self.sent
            if item["state"] == "aside":
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
        # The one who saved less comes first, and takes nothing of the other's with it.
        for name in ("budi", "ana"):
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


def test_whatever_happens_what_was_saved_is_stored_once(account):
    if not shutil.which("node"):
        pytest.skip("no node here")
    FieldTrip.sessions = {}
    for name in ("ana", "budi"):
        client = Client()
        client.force_login(account(name, "field"))
        FieldTrip.sessions[name] = client.cookies["sessionid"].value
    FieldTrip.phone = phone = Phone()
    try:
        run_state_machine_as_test(
            FieldTrip,
            settings=settings(
                max_examples=SEQUENCES,
                stateful_step_count=STEPS,
                deadline=None,
                # Making a failure smaller would take five minutes.
                phases=(Phase.generate,),
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        phone.process.communicate(timeout=60)
