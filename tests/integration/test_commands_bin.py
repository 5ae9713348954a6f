"""bin/setup, bin/up and bin/manage as somebody at a terminal meets them."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = sorted(path for path in (ROOT / "bin").iterdir() if path.is_file())
INSTALLED_POSTGIS = list(
    Path("/usr/share/postgresql").glob("*/extension/postgis.control")
)
# For a command that hangs: on a busy machine they take many times as long as on another.
LONGEST_S = 400

# The commands are tested here, not what they start.
STAND_INS = {
    "manage.py": """
import sys, time
from pathlib import Path

command = sys.argv[1] if sys.argv[1:] else ""
accounts = Path(__file__).parent / ".local" / "demo-accounts.txt"
if command == "create_demo_accounts" and not accounts.exists():
    accounts.write_text("demo-officer  secret-word\\n")
if command == "run_worker":
    time.sleep(600)
print("managed")
""",
    "kukar_connect/settings.py": "",
    "kukar_connect/wsgi.py": """
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"ok"]
""",
}


def outside_environment() -> dict[str, str]:
    """Return what a fresh terminal has: nothing of the clone these tests run in."""
    return {
        name: value
        for name, value in os.environ.items()
        if name not in {"DATABASE_URL", "SECRET_KEY"} and not name.startswith("PG")
    }


def run(
    clone: Path, *command: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [clone / command[0], *command[1:]],
        capture_output=True,
        text=True,
        env=outside_environment() | environment,
        timeout=LONGEST_S,
        check=False,
    )


def bash(clone: Path, script: str) -> str:
    """Run some lines with what the commands share."""
    done = subprocess.run(
        ["bash", "-euc", f"source '{clone}/bin/common.sh'\n{script}"],
        capture_output=True,
        text=True,
        env=outside_environment(),
        timeout=60,
        check=True,
    )
    return done.stdout.strip()


def copy_project(target: Path) -> Path:
    """Copy what the commands need, with this environment's Python and npm packages."""
    for name in ("bin", "requirements.txt", "package.json", "package-lock.json"):
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, target / name)
    for name in ("kukar_connect", "villages", "coverage", "static"):
        (target / name).mkdir()
    for name, text in STAND_INS.items():
        (target / name).write_text(text)
    venv = target / ".local" / "venv"
    (venv / "bin").mkdir(parents=True)
    python = venv / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    version = subprocess.run([python, "-V"], capture_output=True, text=True, check=True)
    lock = (target / "requirements.txt").read_text()
    stamp = hashlib.sha256(f"{version.stdout}{venv}\n{lock}".encode()).hexdigest()
    (venv / ".runtime").write_text(stamp)
    # A folder of links: whatever npm takes away there, the packages themselves stay.
    (target / "node_modules").mkdir()
    for package in (ROOT / "node_modules").iterdir():
        (target / "node_modules" / package.name).symlink_to(package)
    sums = "".join(
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path}\n"
        for path in (target / "package.json", target / "package-lock.json")
    )
    (target / ".local" / "state").mkdir()
    (target / ".local" / "state" / "npm").write_text(
        hashlib.sha256(sums.encode()).hexdigest()
    )
    return target


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[Path]:
    """Copy of the project with a private database of its own."""
    if not INSTALLED_POSTGIS:
        pytest.skip("this machine has no PostGIS of its own")
    target = tmp_path / "kukar"
    target.mkdir()
    yield copy_project(target)
    cluster = target / ".local" / "cluster"
    if cluster.exists():
        run(target, "bin/setup", "--stop")
        shutil.rmtree(cluster.resolve())


def select_one(clone: Path) -> str:
    done = subprocess.run(
        [
            "bash",
            "-euc",
            f"source '{clone}/.local/env'; psql \"$DATABASE_URL\" -Atc 'select 1'",
        ],
        capture_output=True,
        text=True,
        env=outside_environment(),
        timeout=30,
        check=False,
    )
    return done.stdout.strip()


def postmaster_pid(clone: Path) -> int:
    return int(bash(clone, "postmaster_pid"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# --- the private database ----------------------------------------------------


def test_setup_makes_a_database_that_only_this_machine_reaches(clone: Path) -> None:
    done = run(clone, "bin/setup", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["database"] == "private"

    assert select_one(clone) == "1"
    assert stat.S_IMODE((clone / ".local" / "env").stat().st_mode) == 0o600
    assert bash(clone, "cluster_sql postgres <<<'show listen_addresses'") == ""
    sockets = Path(bash(clone, "socket_dir"))
    assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    rules = bash(
        clone,
        "cluster_sql postgres <<<'select type, auth_method from pg_hba_file_rules'",
    )
    assert rules.splitlines() == ["local|peer"]


def test_the_role_makes_databases_with_postgis_and_is_no_superuser(clone: Path) -> None:
    assert run(clone, "bin/setup").returncode == 0
    bash(
        clone,
        """
        source "$env_file"
        createdb made
        [[ $(psql -d made -Atc "select extname from pg_extension where extname = 'postgis'") ]]
        """,
    )
    role = "select rolsuper, rolcreaterole from pg_roles where rolname = 'kukar'"
    assert bash(clone, f'cluster_sql postgres <<<"{role}"') == "f|f"


def test_a_second_setup_makes_nothing_anew_and_is_quiet(clone: Path) -> None:
    first = run(clone, "bin/setup")
    # Made before: what the other tests count on.
    assert "Installing" not in first.stderr
    made = [
        clone / ".local" / name
        for name in ("env", "venv/.runtime", "state/npm", "cluster/data/PG_VERSION")
    ]
    made += (clone / ".local" / "bundles").rglob("*.js")
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in made}
    done = run(clone, "bin/setup")
    said = done.stderr.replace("Waiting for the database …\n", "")
    assert (done.returncode, done.stdout, said) == (0, "", "")
    assert before == {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in made}


def test_setup_keeps_what_the_office_wrote_into_env(clone: Path) -> None:
    run(clone, "bin/setup")
    env = clone / ".local" / "env"
    env.write_text(env.read_text() + "export KUKAR_HTTPS=1\n")
    run(clone, "bin/setup")
    assert "export KUKAR_HTTPS=1\n" in env.read_text()
    assert env.read_text().count("DATABASE_URL=") == 1


def test_a_killed_database_is_started_again(clone: Path) -> None:
    run(clone, "bin/setup")
    os.kill(postmaster_pid(clone), signal.SIGKILL)
    done = run(clone, "bin/manage")
    assert done.stdout == "managed\n", done.stderr
    assert select_one(clone) == "1"


def test_a_process_number_given_to_another_after_a_reboot_is_no_obstacle(
    clone: Path,
) -> None:
    run(clone, "bin/setup")
    run(clone, "bin/setup", "--stop")
    data = (clone / ".local" / "cluster" / "data").resolve()
    pid_file = data / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{data}\n1790000000\n5432\n/x\n\n1 1\nready\n")
    sockets = Path(bash(clone, "socket_dir"))
    (sockets / ".s.PGSQL.5432.lock").write_text(pid_file.read_text())
    assert run(clone, "bin/manage").stdout == "managed\n"
    assert select_one(clone) == "1"


def test_a_lost_socket_is_made_again(clone: Path) -> None:
    run(clone, "bin/setup")
    (Path(bash(clone, "socket_dir")) / ".s.PGSQL.5432").unlink()
    assert run(clone, "bin/manage").returncode == 0
    assert select_one(clone) == "1"


def test_stop_ends_the_database(clone: Path) -> None:
    run(clone, "bin/setup")
    assert run(clone, "bin/setup", "--stop").returncode == 0
    assert select_one(clone) == ""


def test_two_setups_at_once_make_one_database(clone: Path) -> None:
    both = [
        subprocess.Popen(
            [clone / "bin" / "setup"],
            env=outside_environment(),
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    messages = [process.communicate(timeout=LONGEST_S)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], messages
    assert "".join(messages).count("Making the private database") == 1
    assert select_one(clone) == "1"


def test_a_clone_deep_in_the_tree_gets_a_socket_with_a_short_path(
    tmp_path: Path,
) -> None:
    deep = tmp_path / ("a" * 60) / ("b" * 60)
    (deep / "bin").mkdir(parents=True)
    (deep / ".local" / "cluster").mkdir(parents=True)
    shutil.copy(ROOT / "bin" / "common.sh", deep / "bin")
    sockets = bash(deep, "socket_dir")
    assert len(f"{sockets}/.s.PGSQL.5432".encode()) <= 107
    assert not sockets.startswith(str(tmp_path))


def test_two_clones_with_one_name_are_told_apart(tmp_path: Path) -> None:
    names = set()
    for parent in ("one", "two"):
        (tmp_path / parent / "kukar" / "bin").mkdir(parents=True)
        shutil.copy(ROOT / "bin" / "common.sh", tmp_path / parent / "kukar" / "bin")
        names.add(bash(tmp_path / parent / "kukar", "cluster_id"))
    assert len(names) == 2
    assert all(name.startswith("kukar-") for name in names)


# --- serving -----------------------------------------------------------------


class Serving:
    """bin/up in a session of its own, once it answers."""

    def __init__(self, clone: Path) -> None:
        self.port = free_port()
        self.process = subprocess.Popen(
            [clone / "bin" / "up", "--port", str(self.port)],
            env=outside_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.output = ""
        assert self.process.stdout is not None
        # One that hangs ends, and with it what it prints.
        patience = threading.Timer(LONGEST_S, self.process.kill)
        patience.start()
        for line in self.process.stdout:
            self.output += line
            if "Ctrl-C stops it" in line:
                break
        patience.cancel()

    def child(self, name: str) -> int:
        for process in Path("/proc").glob("[0-9]*"):
            try:
                status = (process / "status").read_text()
                command = (process / "cmdline").read_text()
            except OSError:  # it has ended meanwhile
                continue
            if f"\nPPid:\t{self.process.pid}\n" in status and name in command:
                return int(process.name)
        raise AssertionError(name)

    def end(self) -> int:
        self.output += self.process.communicate(timeout=LONGEST_S)[0]
        return self.process.returncode

    def is_port_free(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) != 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_up_serves_until_it_is_asked_to_stop(
    clone: Path, number: signal.Signals
) -> None:
    serving = Serving(clone)
    assert f"ready: http://127.0.0.1:{serving.port}/" in serving.output
    worker = serving.child("run_worker")
    os.killpg(serving.process.pid, number)
    assert serving.end() == 0, serving.output
    assert serving.is_port_free()
    assert not Path(f"/proc/{worker}").exists()
    # It had started the database, and nobody else uses it.
    assert select_one(clone) == ""


def test_up_leaves_a_database_alone_that_others_use(clone: Path) -> None:
    run(clone, "bin/setup")
    serving = Serving(clone)
    serving.process.terminate()
    assert serving.end() == 0
    assert select_one(clone) == "1"


@pytest.mark.parametrize(
    ("victim", "name"), [("run_worker", "worker"), ("gunicorn", "web server")]
)
def test_up_does_not_go_on_with_half_of_it(clone: Path, victim: str, name: str) -> None:
    serving = Serving(clone)
    os.kill(serving.child(victim), signal.SIGKILL)
    assert serving.end() == 1
    assert f"The {name} stopped by itself" in serving.output
    assert serving.is_port_free()


def test_passwords_of_the_demonstration_are_shown_once(clone: Path) -> None:
    shown = []
    for _ in range(2):
        serving = Serving(clone)
        serving.process.terminate()
        serving.end()
        shown.append("secret-word" in serving.output)
    assert shown == [True, False]
    assert "secret-word" in (clone / ".local" / "demo-accounts.txt").read_text()


# --- what is missing is said, and nothing is left half-done ------------------


def test_a_full_disk_is_noticed_before_anything_is_made(tmp_path: Path) -> None:
    copy_project(tmp_path)
    shutil.rmtree(tmp_path / ".local")
    done = run(tmp_path, "bin/setup", KUKAR_MIN_FREE_MB="999999999")
    assert done.returncode == 1
    assert "999999999 MB are needed" in done.stderr
    assert not (tmp_path / ".local").exists()


@pytest.mark.parametrize("url", ["hello", "mysql://ani:geheim@localhost/kukar"])
def test_an_address_that_is_none_is_explained(tmp_path: Path, url: str) -> None:
    copy_project(tmp_path)
    done = run(tmp_path, "bin/setup", DATABASE_URL=url)
    assert done.returncode == 1
    assert "postgresql://USER:PASSWORD@HOST:5432/DATABASE" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unreachable_database_is_named_without_its_password(tmp_path: Path) -> None:
    copy_project(tmp_path)
    url = f"postgis://ani:geheim@127.0.0.1:{free_port()}/kukar"
    done = run(tmp_path, "bin/setup", DATABASE_URL=url)
    assert done.returncode == 1
    assert "kukar at 127.0.0.1 does not answer" in done.stderr
    assert "geheim" not in done.stderr
    assert not (tmp_path / ".local" / "env").exists()
    assert not (tmp_path / ".local" / "cluster").exists()


def test_the_offices_own_database_is_used_and_none_is_started(
    clone: Path, tmp_path: Path
) -> None:
    run(clone, "bin/setup")
    bash(
        clone,
        'source "$env_file"; createdb office; psql -d postgres -qc "create database bare template template0"',
    )
    other = tmp_path / "other"
    other.mkdir()
    copy_project(other)
    sockets = bash(clone, "socket_dir")

    bare = run(other, "bin/setup", DATABASE_URL=f"postgis://kukar@/bare?host={sockets}")
    assert bare.returncode == 1
    assert "has no PostGIS extension" in bare.stderr

    done = run(
        other,
        "bin/setup",
        "--json",
        DATABASE_URL=f"postgis://kukar@/office?host={sockets}",
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["database"] == "own"
    assert not (other / ".local" / "cluster").exists()
    # Kept for the commands that follow, under the name that psql knows.
    assert select_one(other) == "1"
    assert run(other, "bin/manage").stdout == "managed\n"


def test_a_taken_port_is_named_with_the_way_out(tmp_path: Path) -> None:
    copy_project(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run(tmp_path, "bin/up", "--port", str(port))
    assert done.returncode == 1
    assert f"port {port} is in use" in done.stderr
    assert "--port" in done.stderr


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1"])
def test_a_port_that_is_none_is_refused(tmp_path: Path, port: str) -> None:
    copy_project(tmp_path)
    done = run(tmp_path, "bin/up", "--port", port)
    assert done.returncode == 1
    assert "from 1 to 65535" in done.stderr


# --- the files that lock what is installed -----------------------------------


def pins(path: Path) -> dict[str, str]:
    lines = path.read_text().splitlines()
    return dict(
        line.split(" ", 1)[0].split("==", 1)
        for line in lines
        if "==" in line and not line.startswith(("#", " "))
    )


@pytest.mark.parametrize("name", ["requirements.txt", "tests/requirements.txt"])
def test_every_locked_package_has_its_hash_and_no_host(name: str) -> None:
    text = (ROOT / name).read_text()
    assert "--hash=sha256:" in text
    # Packages are pinned by name; httpx is one, an address has "://".
    assert not [line for line in text.splitlines() if line.startswith(("-", "file:"))]
    assert "://" not in text
    assert " @ " not in text


def test_the_tests_run_with_the_versions_the_site_runs_with() -> None:
    runtime = pins(ROOT / "requirements.txt")
    tests = pins(ROOT / "tests" / "requirements.txt")
    assert runtime.items() <= tests.items()


def test_the_npm_lock_names_no_host() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert all("resolved" not in package for package in packages.values())
    assert all("integrity" in package for name, package in packages.items() if name)


@pytest.mark.skipif(
    not shutil.which("shellcheck"), reason="shellcheck is not installed"
)
def test_the_scripts_pass_shellcheck() -> None:
    done = subprocess.run(
        ["shellcheck", "-x", *SCRIPTS],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
