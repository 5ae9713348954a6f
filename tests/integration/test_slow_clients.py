"""Fifty clients that read slowly do not keep the others waiting."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.gis.geos import MultiPolygon, Polygon
from django.db import connection
from django.utils import timezone

from coverage.models import BlankSpot, CoverageRun

ROOT = Path(__file__).resolve().parents[2]
SLOW = 50


def served_with():
    """Return how bin/up starts gunicorn: its workers, their class and threads."""
    text = (ROOT / "bin" / "up").read_text()
    kind = re.search(r"--worker-class (\w+)", text)[1]
    workers = re.search(r"\$\{WEB_CONCURRENCY:-(\d+)\}", text)[1]
    threads = re.search(r"\$\{KUKAR_THREADS:-(\d+)\}", text)[1]
    assert "--reuse-port" in text
    workers = ["--reuse-port", "--workers", workers]
    return [*workers, "--worker-class", kind, "--threads", threads]


@pytest.fixture
def many_spots(transactional_db):
    """Two hundred polygons of 70,000 letters each: an answer of 14 MB."""
    now = timezone.now()
    run = CoverageRun.objects.create(
        state="published",
        is_current=True,
        is_full=True,
        published_at=now,
        input_cutoff_at=now,
        checksum="0" * 64,
    )
    ring = [(116 + n / 1e6, (n % 2) / 1000) for n in range(4_000)]
    shape = Polygon([*ring, (116.004, -0.01), (116, -0.01), ring[0]])
    for number in range(200):
        BlankSpot.objects.create(
            first_run=run,
            operator="ANY",
            service="internet",
            state="blank",
            anchor_column=number,
            anchor_row=1,
            polygon=MultiPolygon(shape, srid=4326),
            outline=MultiPolygon(shape, srid=4326),
            area_km2=1.0,
            confidence=0.8,
            confidence_std=0.1,
            report_count=1,
            reporter_count=1,
            villages=[],
            districts=[],
        )


@pytest.fixture
def server(many_spots, tmp_path):
    """The program as bin/up serves it, on the tests' database; gives its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    there = connection.settings_dict
    host = there["HOST"] or there["OPTIONS"].get("host", "")
    url = f"postgis://{there['USER']}:{there['PASSWORD']}@/{there['NAME']}"
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "gunicorn", "kukar_connect.wsgi"),
            *("--bind", f"127.0.0.1:{port}", "--no-control-socket"),
            *("--worker-tmp-dir", "/dev/shm", "--log-level", "error"),
            *served_with(),
        ],
        cwd=ROOT,
        env={
            **os.environ,
            "DATABASE_URL": f"{url}?host={host}&port={there['PORT'] or 5432}",
            "DJANGO_SETTINGS_MODULE": "kukar_connect.settings",
            "KUKAR_DEBUG": "true",
            "KUKAR_PUBLIC_MAP": "true",
            "KUKAR_LOCAL_DIR": str(tmp_path),
            "SECRET_KEY": settings.SECRET_KEY,
        },
    )
    address = f"http://127.0.0.1:{port}"
    try:
        for _attempt in range(600):
            try:
                urllib.request.urlopen(f"{address}/healthz", timeout=60).close()
                break
            except OSError:
                time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(60)


def test_slow_clients_do_not_stop_a_fast_one(server):
    port = int(server.rsplit(":", 1)[1])
    path = "/ogc/collections/blank-spots/items?limit=200"
    slow = []
    try:
        for _n in range(SLOW):
            one = socket.socket()
            # Little room, so that the server has to wait for whoever reads.
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8_192)
            one.settimeout(60)
            one.connect(("127.0.0.1", port))
            one.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
            slow.append(one)
        for one in slow:
            # Each of them is being answered, and none of them reads on.
            assert one.recv(12) == b"HTTP/1.1 200"
        address = f"{server}/ogc/collections/blank-spots/items?limit=1"
        for _n in range(10):
            with urllib.request.urlopen(address, timeout=60) as answer:
                assert answer.status == 200
                answer.read()
    finally:
        for one in slow:
            one.close()
