"""The file that keeps answers: shared, bounded, and never a reason to fail."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kukar_connect.answer_store import USED_STEP_S, Answer, AnswerStore

MB = 1_000_000


def an_answer(text="a", **values):
    return Answer(**{"body": text.encode(), "headers": {"ETag": '"1"'}, **values})


@pytest.fixture
def stores(tmp_path):
    made = []

    def make(most_bytes=10 * MB, **values):
        made.append(AnswerStore(tmp_path / "kept", most_bytes, **values))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_what_is_kept_is_found_again_and_by_another_process(stores):
    answer = an_answer("tile", status=204)
    stores().keep("here", answer)
    # As after a restart, or in the worker beside.
    assert stores().find("here") == answer
    assert stores().find("elsewhere") is None


def test_the_last_answer_to_a_key_is_the_one(stores):
    store = stores()
    store.keep("here", an_answer("old"))
    store.keep("here", an_answer("new"))
    assert store.find("here") == an_answer("new")


def test_the_least_recently_used_leave_first(stores):
    now = 0.0
    store = stores(4 * MB, clock=lambda: now)
    body = bytes(MB // 10)
    for number in range(30):
        store.keep(str(number), an_answer(body=body))
    now = USED_STEP_S + 1
    assert store.find("0")
    for number in range(30, 45):
        now += 1
        store.keep(str(number), an_answer(body=body))
    assert store.find("0")
    assert store.find("44")
    assert store.find("1") is None


def test_the_file_grows_no_larger_than_it_may(stores):
    store = stores(2 * MB)
    for number in range(200):
        store.keep(str(number), an_answer(body=bytes(MB // 20)))
    assert store.path.stat().st_size < 2.3 * MB
    assert store.find("199")


def test_what_would_push_out_too_many_is_not_kept(stores):
    store = stores(MB)
    store.keep("small", an_answer())
    store.keep("large", an_answer(body=bytes(MB // 4)))
    assert store.find("large") is None
    assert store.find("small")


def test_nothing_is_kept_where_nothing_may_be(stores):
    store = stores(0)
    store.keep("here", an_answer(body=b""))
    assert store.find("here") is None
    assert not store.path.exists()


def spoil_all(path):
    path.write_bytes(b"this is no database" * 1000)


def spoil_the_middle(path):
    whole = bytearray(path.read_bytes())
    whole[4096:] = b"\xff" * (len(whole) - 4096)
    path.write_bytes(whole)


def cut_short(path):
    path.write_bytes(path.read_bytes()[:6000])


def spoil_headers(path):
    whole = path.read_bytes()
    assert b'{"ETag"' in whole
    path.write_bytes(whole.replace(b'{"ETag"', b'["ETag"'))


@pytest.mark.parametrize(
    "spoil", [spoil_all, spoil_the_middle, cut_short, spoil_headers]
)
@pytest.mark.parametrize("is_open", [True, False])
def test_a_broken_file_is_thrown_away(stores, spoil, is_open):
    store = stores()
    for number in range(100):
        store.keep(str(number), an_answer("x" * 500))
    other = stores()
    if is_open:
        assert other.find("99")
    # The last connection to be closed writes everything into the file itself.
    store.close()
    if not is_open:
        other.close()
    else:
        other._take()[1].execute("PRAGMA wal_checkpoint(TRUNCATE)")
        other.close()
        assert other.find("99")
    spoil(store.path)
    for number in range(100):
        found = other.find(str(number))
        assert found is None or found == an_answer("x" * 500)
    other.keep("99", an_answer("again"))
    assert other.find("99") == an_answer("again")
    assert stores().find("99") == an_answer("again")


def test_a_file_that_somebody_deleted_is_begun_again(stores):
    one, other = stores(), stores()
    one.keep("here", an_answer())
    for path in list(one.path.parent.iterdir()):
        path.unlink()
    one.keep("here", an_answer("new"))
    assert other.find("here") == an_answer("new")


def test_a_folder_that_cannot_be_written_is_no_error(stores, tmp_path):
    (tmp_path / "kept").write_text("a file where the folder would be")
    store = stores()
    store.keep("here", an_answer())
    assert store.find("here") is None


def test_many_threads_keep_and_find(stores):
    store = stores(4 * MB)

    def use(number):
        key = str(number % 50)
        store.keep(key, an_answer(key * 1000))
        found = store.find(key)
        return found is None or found.body == (key * 1000).encode()

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(use, range(800)))


_OTHER_PROCESS = """
import sys
from pathlib import Path
from kukar_connect.answer_store import Answer, AnswerStore

store = AnswerStore(Path(sys.argv[1]), 2_000_000)
for number in range(300):
    key = str(number % 60)
    body = (key * 5000).encode()
    store.keep(key, Answer(body=body, headers={}))
    found = store.find(key)
    assert found is None or found.body == body
store.close()
"""


def test_many_processes_keep_and_find(stores):
    store = stores(2 * MB)
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _OTHER_PROCESS, str(store.path.parent)],
            cwd=Path(__file__).resolve().parents[2],
            stderr=subprocess.PIPE,
        )
        for _n in range(3)
    ]
    for process in processes:
        _out, complaints = process.communicate(timeout=120)
        assert process.returncode == 0, complaints
        assert not complaints
    found = [store.find(str(n)) for n in range(60)]
    assert any(found)
    assert all(a.body == (str(n) * 5000).encode() for n, a in enumerate(found) if a)
