"""Answers kept in one SQLite file: across restarts, for all processes of the site.

What is kept can be made again at any time. So nothing here fails for its caller: a
file that cannot be read is thrown away, one that is busy or a disk that is full means
that the answer is made anew.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
logger = logging.getLogger(__name__)

# Another layout of the table is another file name; the old one may be deleted.
FILE_NAME = "answers-1.sqlite"
# Waiting longer for the file than making the answer would take helps nobody.
BUSY_S = 0.25
# A use is written down once in so many seconds, many uses at a time.
USED_STEP_S = 60.0
NOTES_AT_ONCE = 64
# Room is made for more than the next answer, so that not every one has to.
FREED = 0.9
LEAVE_AT_ONCE = 16
# A larger answer would push out too many others.
LARGEST_SHARE = 1 / 8

_TABLE = """
CREATE TABLE IF NOT EXISTS answer (
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  used REAL NOT NULL,
  status INTEGER NOT NULL,
  headers TEXT NOT NULL,
  body BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS answer_used ON answer (used);
"""
# What SQLite says of a file that is none of its own, or no longer whole.
_BROKEN = (
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_IOERR_SHORT_READ,
)
# The lower byte of an error's code says what kind it is.
_KIND = 0xFF


@dataclass(frozen=True)
class Answer:
    """What a client is given: *body* as it goes out, packed where a header says so."""

    body: bytes
    headers: Mapping[str, str]
    status: int = 200


class AnswerStore:
    """Answers by their keys, no more than *most_bytes* of them on the disk.

    A key must name everything that the answer depends on: nothing kept is ever told
    that it is out of date. The least recently used leave first. Safe to use from many
    threads and processes.
    """

    def __init__(
        self, folder: Path, most_bytes: int, *, clock: Callable[[], float] = time.time
    ) -> None:
        self.path = folder / FILE_NAME
        self.most_bytes = most_bytes
        self._clock = clock
        self._lock = threading.Lock()
        # With the inode of their file, to see that it was thrown away.
        self._idle: list[tuple[int, sqlite3.Connection]] = []
        self._abandoned: list[tuple[int, sqlite3.Connection]] = []
        self._used: set[int] = set()
        self._process = os.getpid()

    def find(self, key: str) -> Answer | None:
        """Return what is kept under *key*, None where nothing is."""

        def read(file: sqlite3.Connection) -> Answer | None:
            row = file.execute(
                "SELECT id, used, status, headers, body FROM answer WHERE key = ?",
                (key,),
            ).fetchone()
            if row is None:
                return None
            if self._clock() - row[1] > USED_STEP_S:
                self._used.add(row[0])
                if len(self._used) >= NOTES_AT_ONCE:
                    self._note_used(file)
            return Answer(status=row[2], headers=json.loads(row[3]), body=row[4])

        return self._with_file(read) if self.most_bytes else None

    def keep(self, key: str, answer: Answer) -> None:
        """Keep *answer* under *key*, in the place of what was there. Safe to repeat."""
        if len(answer.body) > self.most_bytes * LARGEST_SHARE:
            return
        values = (
            key,
            self._clock(),
            answer.status,
            json.dumps(dict(answer.headers)),
            answer.body,
        )

        def write(file: sqlite3.Connection) -> None:
            file.execute("BEGIN IMMEDIATE")
            self._note_used(file)
            file.execute(
                "INSERT OR REPLACE INTO answer (key, used, status, headers, body)"
                " VALUES (?, ?, ?, ?, ?)",
                values,
            )
            self._make_room(file)
            file.execute("COMMIT")

        if self.most_bytes:
            self._leave_a_file_that_is_gone()
            self._with_file(write)

    def close(self) -> None:
        with self._lock:
            while self._idle:
                self._idle.pop()[1].close()

    def _note_used(self, file: sqlite3.Connection) -> None:
        with self._lock:
            used, self._used = self._used, set()
        now = self._clock()
        file.executemany(
            "UPDATE answer SET used = ? WHERE id = ?", [(now, one) for one in used]
        )

    def _make_room(self, file: sqlite3.Connection) -> None:
        if _bytes_in_use(file) <= self.most_bytes:
            return
        while _bytes_in_use(file) > self.most_bytes * FREED:
            gone = file.execute(
                "DELETE FROM answer WHERE id IN"
                " (SELECT id FROM answer ORDER BY used, id LIMIT ?)",
                (LEAVE_AT_ONCE,),
            )
            if not gone.rowcount:
                return

    # --- the file --------------------------------------------------------------------

    def _with_file(self, work: Callable[[sqlite3.Connection], T]) -> T | None:
        """Return what *work* does with a connection, None where the file fails it."""
        inode, file = 0, None
        try:
            inode, file = self._take()
            done = work(file)
        except (sqlite3.Error, OSError, ValueError) as error:
            if file is not None:
                file.close()
            self._put_right(error, inode)
            return None
        with self._lock:
            self._idle.append((inode, file))
        return done

    def _take(self) -> tuple[int, sqlite3.Connection]:
        with self._lock:
            if self._process != os.getpid():
                # A connection is not good on the other side of a fork, and closing it
                # there would give up the locks of this side.
                self._abandoned, self._idle = self._idle, []
                self._process = os.getpid()
            if self._idle:
                return self._idle.pop()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._nobody_throws_it_away():
            file = sqlite3.connect(
                self.path,
                timeout=BUSY_S,
                isolation_level=None,
                check_same_thread=False,
            )
            try:
                file.execute("PRAGMA journal_mode = WAL")
                file.execute("PRAGMA synchronous = NORMAL")
                file.executescript(_TABLE)
                return self.path.stat().st_ino, file
            except BaseException:
                file.close()
                raise

    def _put_right(self, error: Exception, inode: int) -> None:
        code = getattr(error, "sqlite_errorcode", 0)
        if code & _KIND == sqlite3.SQLITE_BUSY:
            return
        # What cannot be read as it was written is no error of SQLite's.
        is_broken = isinstance(error, ValueError) or {code, code & _KIND} & set(_BROKEN)
        if not is_broken:
            logger.warning("An answer is made anew: %s: %s", self.path.name, error)
            return
        logger.warning("%s is broken and is thrown away: %s", self.path.name, error)
        self.close()
        try:
            with self._nobody_throws_it_away():
                # Unless another process has done so and begun a new one.
                if inode in (0, self.path.stat().st_ino):
                    for end in ("", "-wal", "-shm"):
                        Path(f"{self.path}{end}").unlink(missing_ok=True)
        except OSError as failure:
            logger.warning("%s: %s", self.path.name, failure)

    def _leave_a_file_that_is_gone(self) -> None:
        """Close what leads to a file that somebody has deleted."""
        try:
            inode = self.path.stat().st_ino
        except OSError:
            inode = 0
        with self._lock:
            idle, self._idle = self._idle, []
            for one in idle:
                if one[0] == inode:
                    self._idle.append(one)
                else:
                    one[1].close()

    @contextmanager
    def _nobody_throws_it_away(self) -> Iterator[None]:
        """Open and delete one process at a time: a new file takes no old journal."""
        with self.path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _bytes_in_use(file: sqlite3.Connection) -> int:
    pages, free, size = (
        file.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)
