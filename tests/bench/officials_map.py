"""How quick the officials' map is with much in it.

    bin/up, or bin/setup, once; node and Chromium installed; then
    .local/venv/bin/python -m tests.bench.officials_map [--boundaries FILE] [--new]

Makes a database of its own beside the installation's (`tests.bench.map_database`: 237
villages, 2,000 blank spots a layer, a million reports; some minutes, kept for the next
time, --new makes it again, --drop removes it), starts gunicorn on it as bin/up does, and
prints: the median and 95th percentile of every request of the map from a warm server;
when boundaries, surface and blank spots are first seen (in the picture that the page
begins with), and when the map itself has drawn them and answers a click; how long a
switch of operator, a filter and a click take until the next frame; frames per second
while panning; and Lighthouse's score of `/`. Chromium runs without and with its CPU
four times as slow. The figures are of this machine, and of what else it does meanwhile.
"""

from __future__ import annotations

import argparse
import os
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import django
import environ
from playwright.sync_api import Page, sync_playwright

from tests.bench import map_database
from tests.chromium import CHROMIUM, SANDBOX
from tests.lighthouse import lighthouse

ROOT = Path(__file__).resolve().parents[2]
REPEATS = 15
WANTED = {"request": 150, "first": 1500, "interaction": 100, "lighthouse": 90}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--boundaries", help="villages' polygons, any OGR format")
    parser.add_argument("--new", action="store_true", help="make the database again")
    parser.add_argument("--drop", action="store_true", help="remove it and end")
    parser.add_argument("--port", type=int, default=8219)
    arguments = parser.parse_args()
    os.chdir(ROOT)
    environ.Env.read_env(ROOT / ".local" / "env")
    url = os.environ["DATABASE_URL"]
    if arguments.new or arguments.drop:
        map_database.drop(url)
    if arguments.drop:
        return
    is_new = map_database.create(url)
    os.environ["DATABASE_URL"] = map_database.scratch_url(url)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kukar_connect.settings")
    django.setup()
    if is_new:
        map_database.fill(arguments.boundaries)
    map_database.manage("migrate", "--noinput")
    map_database.manage("collectstatic", "--noinput", "--ignore", "redoc")
    session = signed_in()
    with server(arguments.port) as site:
        measure_requests(site, session)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=SANDBOX)
            for slower in (1, 4):
                measure_page(browser, site, session, slower)
            browser.close()
        measure_lighthouse(site)


def signed_in() -> str:
    """Return a session of a verifier, who may see every layer."""
    from django.contrib.auth import get_user_model
    from django.contrib.auth.models import Group
    from django.test import Client

    user, _ = get_user_model().objects.get_or_create(username="bench-verifier")
    user.groups.add(Group.objects.get(name="verifier"))
    client = Client()
    client.force_login(user)
    return str(client.cookies["sessionid"].value)


@contextmanager
def server(port: int) -> Iterator[str]:
    """Serve as bin/up does."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "gunicorn", "kukar_connect.wsgi"),
            *("--bind", f"127.0.0.1:{port}", "--reuse-port", "--timeout", "120"),
            *("--worker-class", "gthread", "--workers", "2", "--threads", "4"),
            *("--worker-tmp-dir", "/dev/shm", "--log-level", "warning"),
            "--no-control-socket",
        ],
        # Lighthouse keeps no session: a page that sets a cookie of its own loses it.
        env={**os.environ, "KUKAR_PUBLIC_MAP": "true"},
    )
    try:
        for _attempt in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def tell(name: str, value: float, unit: str, wanted: float | None = None) -> None:
    mark = ""
    if wanted is not None:
        is_met = value >= wanted if unit == "points" else value <= wanted
        mark = f"  {'ok' if is_met else 'MISSED'} (wanted: {wanted:g})"
    sys.stdout.write(f"{name:58s} {value:8.0f} {unit}{mark}\n")
    sys.stdout.flush()


# --- requests ----------------------------------------------------------------------


def measure_requests(site: str, session: str) -> None:
    from coverage.models import BlankSpot, CoverageRun

    run = CoverageRun.objects.get(is_current=True).pk
    spot = BlankSpot.objects.filter(operator="ANY").first()
    layer = f"run={run}&operator=ANY&service=internet"
    whole = "bbox=115.0,-1.5,118.0,1.9"
    filtered = "technology=4G&since=2026-01-01&demo=off&district=64.02.06"
    paths = [
        "/",
        "/api/v1/map-boundaries/?detail=far",
        "/api/v1/map-boundaries/?detail=near",
        "/api/v1/runs/current/",
        f"/api/v1/map-blank-spots/?{layer}",
        f"/api/v1/blank-spots/?{layer}&geometry=outline&bbox=116.7,-0.6,117.1,-0.3&limit=10000",
        f"/tiles/{run}/ANY/internet/8/210/128.png",
        f"/tiles/{run}/ANY/internet/12/3379/2052.png?part=known",
        f"/api/v1/village-shares/?{layer}",
        f"/api/v1/place-states/?{layer}",
        "/api/v1/settlements/",
        "/api/v1/facilities/",
        "/api/v1/sites/",
        "/api/v1/official-list/",
        f"/api/v1/evidence/?run={run}&{whole}&level=6",
        f"/api/v1/evidence/?run={run}&{whole}&level=6&{filtered}",
        f"/api/v1/report-cells/?run={run}&{whole}&level=8",
        f"/api/v1/report-cells/?run={run}&{whole}&level=8&{filtered}",
        f"/api/v1/reports/?bbox={near_place()}&limit=2000",
        "/api/v1/villages/64.02.06.1001/",
        f"/api/v1/blank-spots/{spot.identity if spot else ''}/",
    ]
    for path in paths:
        # Each of the two workers keeps for itself.
        for _n in range(6):
            fetch(site + path, session)
        times = sorted(fetch(site + path, session) for _n in range(REPEATS))
        p95 = times[int(0.95 * len(times))]
        name = path if len(path) < 50 else path[:47] + "…"
        tell(f"{name} (p95 {p95:.0f})", statistics.median(times), "ms", 150)


def near_place() -> str:
    """Return a view of some 2 by 2 km around a report."""
    from villages.models import SignalReport

    report = SignalReport.objects.filter(source="bench").first()
    if report is None:
        sys.exit("The database holds no reports: --new")
    x, y = report.point.x, report.point.y
    return f"{x - 0.002:.4f},{y - 0.002:.4f},{x + 0.002:.4f},{y + 0.002:.4f}"


def fetch(url: str, session: str) -> float:
    headers = {"Cookie": f"sessionid={session}", "Accept-Encoding": "gzip"}
    began = time.perf_counter()
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
        answer.read()
    return (time.perf_counter() - began) * 1000


# --- the page ----------------------------------------------------------------------

# The longest time from an input to the frame that answers it, as INP counts it.
WATCH = """
window.longest = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries())
    if (entry.interactionId) window.longest = Math.max(window.longest, entry.duration);
}).observe({type: "event", durationThreshold: 16, buffered: true});
window.seen = {};
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.seen[entry.identifier] = entry.renderTime;
}).observe({type: "element", buffered: true});
"""
FRAMES = """
new Promise((done) => {
  const times = [];
  const step = (now) => {
    times.push(now);
    if (now - times[0] < 1500) requestAnimationFrame(step);
    else done(times.slice(1).map((time, n) => time - times[n]));
  };
  requestAnimationFrame(step);
})
"""


def measure_page(browser: Any, site: str, session: str, slower: int) -> None:
    name = f"CPU ÷ {slower}: "
    seen, drawn = [], []
    for _n in range(5):
        page = opened(browser, site, session, slower)
        drawn.append(first_drawn(page))
        # Where the map was quicker, the picture never was.
        picture = page.evaluate("window.seen['first-picture']")
        seen.append(drawn[-1] if picture is None else picture)
        page.context.close()
    tell(f"{name}first useful map: seen", statistics.median(seen), "ms", 1500)
    tell(f"{name}drawn, and answers a click", statistics.median(drawn), "ms")
    page = opened(browser, site, session, slower)
    first_drawn(page)
    settle(page)
    for what, act in (
        ("operator", lambda: page.keyboard.press("ArrowDown")),
        # As long as a finger holds the button down.
        ("click on the map", lambda: page.mouse.click(800, 400, delay=80)),
        ("layer on", lambda: page.locator("[value=evidence]").check()),
        ("filter", lambda: page.keyboard.press("ArrowDown")),
    ):
        if what == "operator":
            page.locator("#operator").focus()
        if what == "click on the map":
            page.mouse.move(800, 400)
        if what == "filter":
            # By the keyboard: what a script sets is no interaction, and is not timed.
            page.locator(".filters summary").click()
            page.locator(".filters [name=min_confidence]").focus()
        page.evaluate("window.longest = 0")
        act()
        settle(page)
        longest = page.evaluate("window.longest")
        # Shorter than what browsers tell of: 16 ms.
        tell(f"{name}{what}", longest or 16, "ms", 100)
    for layers in ("", "?layers=surface,unknown,spots,boundaries,evidence,reports"):
        page.goto(f"{site}/{layers}")
        first_drawn(page)
        settle(page)
        times = panned(page)
        frames = 1000 * len(times) / sum(times)
        late = sum(time > 34 for time in times)
        more = " with evidence and reports" if layers else ""
        tell(f"{name}panning{more}, {late} late frames", frames, "frames a second")
    page.context.close()


def opened(browser: Any, site: str, session: str, slower: int) -> Page:
    context = browser.new_context(
        viewport={"width": 1280, "height": 800},
        locale="id-ID",
        # For Playwright's own waiting, which the page's policy takes for a stranger's.
        bypass_csp=True,
    )
    context.add_cookies([{"name": "sessionid", "value": session, "url": site}])
    page: Page = context.new_page()
    context.new_cdp_session(page).send(
        "Emulation.setCPUThrottlingRate", {"rate": slower}
    )
    page.add_init_script(WATCH)
    page.goto(f"{site}/")
    return page


def first_drawn(page: Page) -> float:
    """Wait for boundaries, surface and blank spots; return when the last was drawn."""
    page.wait_for_function(
        """["map-places", "map-spots", "map-surface"].every(
          (name) => performance.getEntriesByName(name).length > 0)"""
    )
    return float(
        page.evaluate(
            """Math.max(...["map-places", "map-spots", "map-surface"].map(
              (name) => performance.getEntriesByName(name)[0].startTime))"""
        )
    )


def settle(page: Page) -> None:
    page.wait_for_function(
        "document.getElementById('map').getAttribute('aria-busy') === 'false'"
    )
    page.wait_for_timeout(400)


def panned(page: Page) -> list[float]:
    """Drag the map to and fro; return the milliseconds between frames."""
    page.mouse.move(800, 400)
    page.mouse.down()
    page.evaluate(f"window.frames_ = {FRAMES}")
    for n in range(60):
        page.mouse.move(800 + 4 * (n if n < 30 else 60 - n), 400 + 2 * (n % 30))
    times: list[float] = page.evaluate("window.frames_")
    page.mouse.up()
    return times


def measure_lighthouse(site: str) -> None:
    """Tell the median of five scores, as its authors advise, and that run's figures."""
    results = [
        lighthouse(f"{site}/", "--only-categories=performance") for _n in range(5)
    ]
    results.sort(key=lambda result: result["categories"]["performance"]["score"])
    scores = [100 * r["categories"]["performance"]["score"] for r in results]
    sys.stdout.write(f"Lighthouse: {', '.join(f'{score:.0f}' for score in scores)}\n")
    result = results[2]
    tell("Lighthouse performance of /", scores[2], "points", WANTED["lighthouse"])
    tell("  this machine", result["environment"]["benchmarkIndex"], "(benchmarkIndex)")
    for audit in (
        "first-contentful-paint",
        "largest-contentful-paint",
        "total-blocking-time",
        "speed-index",
    ):
        tell(f"  {audit}", result["audits"][audit]["numericValue"], "ms")
    shift = result["audits"]["cumulative-layout-shift"]["numericValue"]
    sys.stdout.write(f"  cumulative-layout-shift {shift:.3f}\n")


if __name__ == "__main__":
    main()
