"""How quick our OGC API is beside tipg and pygeoapi, on one PostGIS with one data.

    bin/setup, once; wrk installed (Debian: wrk); then
    .local/venv/bin/python -m tests.bench.clients [--boundaries FILE] [--seconds N]

Makes a database of its own beside the installation's (`tests.bench.clients_database`:
20,000 polygons, a million points; kept for the next time, --new makes it again, --drop
removes it) and a virtual environment with the others (tests/bench/peers.txt). One after
another, each server runs alone with two workers, is warmed up, and is asked by wrk over
4 connections kept open, without compression. Each worker has a port of its own and two
of the connections: on one port, whichever worker is quicker to accept takes all four,
and how quick a server is would be a matter of luck. Before that, each question is asked
once over one connection ("first"): nobody can have kept its answer. Printed are requests
per second, median and 99th percentile of the time of an answer (of a page walk the
slowest of three; of both workers the mean and the longer), and the ratio to the better
of the others; none where a server made errors.
Beside ours stands what PostgreSQL alone reaches with the statements of our own answers
(pgbench, over as many connections). The figures are of this machine; the ratios are what to look
at. KUKAR_BENCH_PORT is another port than 8220; the next one is taken too.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
import venv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import django
import environ

from coverage.core.grid import TILE_SQUARES, ZOOM, position_of
from tests.bench import clients_database, map_database

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
PEERS = ROOT / ".local" / "peers"
PORT = int(os.environ.get("KUKAR_BENCH_PORT", "8220"))
# One for each worker.
PORTS = (PORT, PORT + 1)
CONNECTIONS = 4
# The regency: west, south, east, north.
EXTENT = (115.3, -1.1, 117.6, 1.4)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--boundaries", help="villages' polygons, any OGR format")
    parser.add_argument("--new", action="store_true", help="make the database again")
    parser.add_argument("--drop", action="store_true", help="remove it and end")
    parser.add_argument("--seconds", type=int, default=6, help="of each measurement")
    parser.add_argument("--only", help="measure only what has this in its name")
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        help="leave this server out: a tile of zoom 6 takes pygeoapi minutes",
    )
    arguments = parser.parse_args()
    os.chdir(ROOT)
    environ.Env.read_env(ROOT / ".local" / "env")
    url = os.environ["DATABASE_URL"]
    if arguments.new or arguments.drop:
        map_database.drop(url, clients_database.NAME)
    if arguments.drop:
        return
    if shutil.which("wrk") is None:
        sys.exit("wrk is not installed.")
    is_new = map_database.create(url, clients_database.NAME)
    os.environ["DATABASE_URL"] = map_database.scratch_url(url, clients_database.NAME)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kukar_connect.settings")
    django.setup()
    if is_new:
        clients_database.fill(arguments.boundaries)
    map_database.manage("migrate", "--noinput")
    map_database.manage("collectstatic", "--noinput", "--ignore", "redoc")
    install_peers()
    with tempfile.TemporaryDirectory() as folder:
        # Nothing is kept there from before but what collectstatic made.
        (Path(folder) / "kukar").mkdir()
        (Path(folder) / "kukar" / "static").symlink_to(ROOT / ".local" / "static")
        only = arguments.only or ""
        compare(Path(folder), arguments.seconds, only, arguments.without)


# --- the servers -------------------------------------------------------------------


@dataclass
class Server:
    """How one of them is started, and what its addresses are."""

    name: str
    # Of one worker, with {port} where its port stands.
    command: list[str]
    env: dict[str, str]
    # Of the collection of polygons, and of points.
    spots: str
    points: str
    tile: str
    results: dict[str, dict[str, float]] = field(default_factory=dict)

    def items(self, **asked: Any) -> str:
        return f"{self.spots}/items?{urlencode(asked, safe=',')}"


def install_peers() -> None:
    wanted = (HERE / "peers.txt").read_text()
    stamp = PEERS / "installed"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    say("Installing tipg and pygeoapi …")
    venv.create(PEERS, clear=True, with_pip=True)
    subprocess.run(
        [PEERS / "bin" / "pip", "install", "-q", "-r", HERE / "peers.txt"],
        check=True,
        stderr=subprocess.DEVNULL,
    )
    stamp.write_text(wanted)


def servers(folder: Path) -> list[Server]:
    database = parsed(os.environ["DATABASE_URL"])
    python = str(PEERS / "bin" / "python")
    config = folder / "pygeoapi.json"
    config.write_text(json.dumps(pygeoapi_config(database)))
    environment = {**os.environ, "PYGEOAPI_CONFIG": str(config)}
    environment["PYGEOAPI_OPENAPI"] = str(folder / "openapi.json")
    run = clients_database.current_run()
    return [
        Server(
            "kukar",
            [
                *(sys.executable, "-m", "gunicorn", "kukar_connect.wsgi"),
                *("--bind", "127.0.0.1:{port}", "--worker-class", "gthread"),
                *("--workers", "1", "--threads", "4", "--no-control-socket"),
                *("--worker-tmp-dir", "/dev/shm", "--log-level", "error"),
            ],
            {
                **os.environ,
                "KUKAR_PUBLIC_MAP": "true",
                # No client asks as often as a bench.
                "KUKAR_RATES": '{"token": [], "address": []}',
                "KUKAR_LOCAL_DIR": str(folder / "kukar"),
                "KUKAR_LOG_LEVEL": "ERROR",
            },
            spots="/ogc/collections/blank-spots",
            points="/ogc/collections/settlements",
            # As its TileJSON gives them.
            tile=f"/tiles/WebMercatorQuad/{{z}}/{{y}}/{{x}}?run={run}",
        ),
        Server(
            "tipg",
            [
                *(python, "-m", "uvicorn", "tipg.main:app", "--workers", "1"),
                *("--port", "{port}", "--log-level", "error", "--no-access-log"),
            ],
            {
                **{k: v for k, v in os.environ.items() if k != "DATABASE_URL"},
                "POSTGRES_USER": database["user"],
                "POSTGRES_PASS": database["password"],
                # A socket's folder has slashes, which an address has not.
                "POSTGRES_HOST": quote(database["host"], safe=""),
                "POSTGRES_PORT": database["port"],
                "POSTGRES_DBNAME": database["name"],
                "TIPG_DB_SCHEMAS": f'["{clients_database.SCHEMA}"]',
            },
            spots=f"/collections/{clients_database.SCHEMA}.spots",
            points=f"/collections/{clients_database.SCHEMA}.points",
            tile="/tiles/WebMercatorQuad/{z}/{x}/{y}",
        ),
        Server(
            "pygeoapi",
            [
                *(python, "-m", "gunicorn", "pygeoapi.flask_app:APP"),
                *("--bind", "127.0.0.1:{port}", "--worker-class", "gthread"),
                *("--workers", "1", "--threads", "4", "--log-level", "error"),
            ],
            environment,
            spots="/collections/spots",
            points="/collections/points",
            tile="/tiles/WebMercatorQuad/{z}/{y}/{x}?f=mvt",
        ),
    ]


def parsed(url: str) -> dict[str, str]:
    parts = urlsplit(url)
    asked = parse_qs(parts.query)
    return {
        "user": parts.username or "",
        "password": parts.password or "",
        "host": parts.hostname or asked.get("host", ["localhost"])[0],
        "port": str(parts.port or asked.get("port", ["5432"])[0]),
        "name": parts.path.lstrip("/"),
    }


def pygeoapi_config(database: dict[str, str]) -> dict[str, Any]:
    """Return its configuration: what a clerk would write for these two tables."""
    words = {"title": "bench", "description": "bench", "keywords": ["bench"]}

    def collection(table: str) -> dict[str, Any]:
        data = {
            "host": database["host"],
            "port": int(database["port"]),
            "dbname": database["name"],
            "user": database["user"],
            "password": database["password"],
            "search_path": [clients_database.SCHEMA],
        }
        own = {"data": data, "table": table, "id_field": "id", "geom_field": "geom"}
        mvt = {"name": "pbf", "mimetype": "application/vnd.mapbox-vector-tile"}
        zoom = {"zoom": {"min": 0, "max": 18}}
        return {
            "type": "collection",
            **words,
            "links": [],
            "extents": {"spatial": {"bbox": list(EXTENT)}},
            "providers": [
                {"type": "feature", "name": "PostgreSQL", **own},
                {
                    "type": "tile",
                    "name": "MVT-postgresql",
                    **own,
                    "options": zoom,
                    "format": mvt,
                },
            ],
        }

    return {
        "server": {
            "bind": {"host": "127.0.0.1", "port": PORT},
            "url": f"http://127.0.0.1:{PORT}",
            "mimetype": "application/json; charset=UTF-8",
            "encoding": "utf-8",
            "language": "en-US",
            "limits": {"default_items": 10, "max_items": 10_000},
            "map": {"url": "", "attribution": ""},
        },
        "logging": {"level": "ERROR"},
        "metadata": {
            "identification": {
                **words,
                "keywords_type": "theme",
                "terms_of_service": "",
                "url": "http://localhost",
            },
            "license": {"name": "none", "url": "http://localhost"},
            "provider": {"name": "bench", "url": "http://localhost"},
            "contact": {"name": "bench"},
        },
        "resources": {"spots": collection("spots"), "points": collection("points")},
    }


@contextmanager
def running(server: Server) -> Iterator[None]:
    if server.name == "pygeoapi":
        with Path(server.env["PYGEOAPI_OPENAPI"]).open("w") as out:
            subprocess.run(
                [
                    *(PEERS / "bin" / "pygeoapi", "openapi", "generate"),
                    *(server.env["PYGEOAPI_CONFIG"], "--format", "json"),
                ],
                env=server.env,
                stdout=out,
                check=True,
            )
    workers = [
        subprocess.Popen(
            [word.format(port=port) for word in server.command],
            env=server.env,
            stderr=subprocess.DEVNULL,
        )
        for port in PORTS
    ]
    try:
        for port in PORTS:
            wait_for(f"http://127.0.0.1:{port}{server.items(limit=1)}")
        yield
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.wait(30)
        end_what_is_left()


def end_what_is_left() -> None:
    """End questions to the database that nobody waits for: they may take minutes."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def wait_for(address: str) -> None:
    for _attempt in range(1_200):
        try:
            with urllib.request.urlopen(address) as answer:
                answer.read()
        except OSError:
            time.sleep(0.1)
        else:
            return
    sys.exit(f"{address} does not answer.")


# --- what is asked -----------------------------------------------------------------


def boxes(count: int, degrees: float, seed: int = 7) -> list[str]:
    """Return squares of *degrees* anywhere in the regency, the same each time."""
    chance = random.Random(seed)
    west, south, east, north = EXTENT
    found = []
    for _n in range(count):
        x = chance.uniform(west, east - degrees)
        y = chance.uniform(south, north - degrees)
        found.append(f"{x:.4f},{y:.4f},{x + degrees:.4f},{y + degrees:.4f}")
    return found


def tiles(zoom: int) -> list[tuple[int, int]]:
    """Return columns and rows of tiles over the regency: all, or 3,000 of them."""
    west, south, east, north = EXTENT
    left, top = tile_at(west, north, zoom)
    right, bottom = tile_at(east, south, zoom)
    found = [(x, y) for x in range(left, right + 1) for y in range(top, bottom + 1)]
    chance = random.Random(zoom)
    chance.shuffle(found)
    return found[:3000]


def tile_at(lon: float, lat: float, zoom: int) -> tuple[int, int]:
    column, row = position_of(lon, lat)
    # Positions are in squares of zoom 10, of which a tile has 256 a side.
    share = 2**zoom / 2**ZOOM / TILE_SQUARES
    return int(column * share), int(row * share)


def asked(server: Server) -> dict[str, list[str]]:
    """Return the paths of each measurement."""
    return {
        "items limit=1000 in a bbox": [
            server.items(bbox=box, limit=1000) for box in boxes(40, 0.8)
        ],
        "items limit=10": [server.items(limit=10)],
        "items limit=10 in a bbox": [
            server.items(bbox=box, limit=10) for box in boxes(40, 0.1)
        ],
    }


def asked_once(server: Server) -> dict[str, list[str]]:
    """Return questions that are never put twice."""
    return {
        "items limit=1000 in a bbox, first": [
            server.items(bbox=box, limit=1000) for box in boxes(100, 0.8, seed=11)
        ],
        "items limit=10 in a bbox, first": [
            server.items(bbox=box, limit=10) for box in boxes(100, 0.1, seed=11)
        ],
    }


def compare(folder: Path, seconds: int, only: str, without: list[str]) -> None:
    everyone = [one for one in servers(folder) if one.name not in without]
    for server in everyone:
        say(f"{server.name} …")
        # Before anything that might leave a server at work.
        if only in "page walk of 20,000":
            with running(server):
                server.results["page walk of 20,000"] = walked(server)
        with running(server):
            # Its connections to the database are made by then.
            load(folder, [server.items(limit=1)], 4)
            for name, paths in asked_once(server).items():
                if only in name:
                    server.results[name] = once_each(paths)
            for name, paths in asked(server).items():
                if only in name:
                    server.results[name] = load(folder, paths, seconds)
            if only in "items limit=10, not changed (304)":
                measure_unchanged(server, folder, seconds)
        # Requests that wrk gave up may hold a server up for ever.
        with running(server):
            for zoom in (6, 10, 14):
                measure_tiles(server, folder, zoom, seconds, only)
    # Django is set up by now.
    from tests.bench.sql_alone import rates

    alone = rates(
        {
            "items limit=1000 in a bbox": [(box, 1000) for box in boxes(40, 0.8)],
            "items limit=1000 in a bbox, first": [
                (box, 1000) for box in boxes(100, 0.8, seed=11)
            ],
            "items limit=10": [(None, 10)],
            "items limit=10 in a bbox": [(box, 10) for box in boxes(40, 0.1)],
            "items limit=10 in a bbox, first": [
                (box, 10) for box in boxes(100, 0.1, seed=11)
            ],
        },
        folder=folder,
        database=parsed(os.environ["DATABASE_URL"]),
        seconds=seconds,
        connections=CONNECTIONS,
        only=only,
    )
    tell(everyone, alone)


def measure_unchanged(server: Server, folder: Path, seconds: int) -> None:
    """Ask for what the client holds already, where the server knows of that at all."""
    path = server.items(limit=10)
    with urllib.request.urlopen(f"http://127.0.0.1:{PORT}{path}") as answer:
        tag = answer.headers.get("ETag")
    if tag:
        server.results["items limit=10, not changed (304)"] = load(
            folder, [path], seconds, tag
        )


def measure_tiles(
    server: Server, folder: Path, zoom: int, seconds: int, only: str
) -> None:
    """Ask for each tile once with nothing kept, then again and again."""
    paths = [
        server.spots + server.tile.format(z=zoom, x=x, y=y) for x, y in tiles(zoom)
    ]
    name = f"tile z{zoom}"
    if only in f"{name} cold":
        server.results[f"{name} cold"] = once_each(paths)
    if only in f"{name} cached":
        server.results[f"{name} cached"] = load(folder, paths[:200], seconds)
    if zoom == 10 and only in "tile asked again":
        # Of what is current: who gives no ETag gives the tile each time.
        paths = [re.sub(r"\?run=\d+", "", path) for path in paths[:1]]
        with urllib.request.urlopen(f"http://127.0.0.1:{PORT}{paths[0]}") as answer:
            etag = answer.headers.get("ETag", "")
        again = load(folder, paths, seconds, etag or None)
        server.results["tile asked again"] = again


def load(
    folder: Path, paths: list[str], seconds: int, tag: str | None = None
) -> dict[str, float]:
    """Ask for *paths* in turn for *seconds*, after each worker was asked them twice."""
    listed = folder / "paths.txt"
    listed.write_text("\n".join(paths) + "\n")
    asking = []
    for port in PORTS:
        for path in paths * 2:
            urllib.request.urlopen(f"http://127.0.0.1:{port}{path}").close()
    for port in PORTS:
        command = [
            *("wrk", "-t1", f"-c{CONNECTIONS // len(PORTS)}", f"-d{seconds}s"),
            *("-s", HERE / "requests.lua", f"http://127.0.0.1:{port}"),
        ]
        env = {"PATHS": str(listed)} | ({} if tag is None else {"TAG": tag})
        asking.append(
            subprocess.Popen(
                command, env=os.environ | env, stdout=subprocess.PIPE, text=True
            )
        )
    told = [one.communicate()[0] for one in asking]
    found = [json.loads(one.strip().splitlines()[-1]) for one in told]
    return {
        "rate": sum(one["requests"] / one["seconds"] for one in found),
        "median_ms": statistics.mean(one["median_ms"] for one in found),
        "p99_ms": max(one["p99_ms"] for one in found),
        "errors": sum(one["errors"] for one in found),
    }


def once_each(paths: list[str]) -> dict[str, float]:
    """Ask for each path once, over one connection: nothing is kept of the first time."""
    connection = http.client.HTTPConnection("127.0.0.1", PORT)
    times, errors = [], 0
    for path in paths[:300]:
        began = time.perf_counter()
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        times.append(time.perf_counter() - began)
        errors += answer.status not in (200, 204)
    return {
        "rate": len(times) / sum(times),
        "median_ms": 1000 * statistics.median(times),
        "p99_ms": 1000 * sorted(times)[int(0.99 * len(times))],
        "errors": errors,
    }


def walked(server: Server) -> dict[str, float]:
    """Follow the links to the next page from the first to the last, three times.

    Counted is how long the client waits for the pages, not how long it reads in them.
    """
    times = []
    for _n in range(3):
        waited = 0.0
        address = f"http://127.0.0.1:{PORT}" + server.items(limit=1000)
        seen = 0
        while address:
            began = time.perf_counter()
            with urllib.request.urlopen(address) as answer:
                body = answer.read()
            waited += time.perf_counter() - began
            page = json.loads(body)
            seen += len(page["features"])
            address = next(
                (one["href"] for one in page["links"] if one["rel"] == "next"), ""
            )
        if seen != clients_database.POLYGONS:
            sys.exit(f"{server.name} gave {seen} features.")
        times.append(waited)
    return {
        "rate": 1 / statistics.median(times),
        "median_ms": 1000 * statistics.median(times),
        "p99_ms": 1000 * max(times),
        "errors": 0,
    }


# --- what came out -----------------------------------------------------------------

# How many times the better of the others we want to be.
WANTED: list[tuple[Callable[[str], bool], float]] = [
    (lambda name: name.startswith("items") and "304" not in name, 8),
    (lambda name: name.startswith("page walk"), 5),
    (lambda name: name.endswith("cold"), 1.5),
    (lambda name: name.endswith("cached"), 10),
]


def tell(everyone: list[Server], alone: dict[str, float]) -> None:
    for name, own in everyone[0].results.items():
        say_out(f"\n{name}")
        for server in everyone:
            result = server.results.get(name)
            if result is None:
                continue
            bad = f", {result['errors']:.0f} ERRORS" if result["errors"] else ""
            say_out(
                f"  {server.name:10s} {result['rate']:9.1f}/s"
                f"  median {result['median_ms']:8.2f} ms"
                f"  99 % {result['p99_ms']:8.2f} ms{bad}"
            )
        if name in alone:
            share = own["rate"] / alone[name]
            say_out(f"  {'SQL alone':10s} {alone[name]:9.1f}/s, we reach {share:.2f}")
        results = [one.results[name] for one in everyone if name in one.results]
        if len(results) == 1:
            say_out("  the others do not know of this")
            continue
        if any(result["errors"] or not result["rate"] for result in results):
            say_out("  no ratio: not all of them answered")
            continue
        better = max(result["rate"] for result in results[1:])
        wanted = next((least for fits, least in WANTED if fits(name)), None)
        word = "" if wanted is None else f" (wanted: {wanted:g})"
        say_out(f"  {own['rate'] / better:.1f} times the better of the others{word}")


def say(text: str) -> None:
    sys.stderr.write(text + "\n")


def say_out(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
