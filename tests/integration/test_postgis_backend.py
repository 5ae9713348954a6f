"""A connection that the server has ended is noticed before it is used."""

import time

import pytest
from django.db import connection, connections

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def another():
    """Another connection to the same database."""
    one = connections.create_connection("default")
    yield one
    one.close()


def number_of(one) -> int:
    with one.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


def test_an_open_connection_is_usable_without_a_question(another):
    with another.cursor() as cursor:
        cursor.execute("SELECT 1")
    asked = []
    with another.execute_wrapper(lambda *told: asked.append(told)):
        assert another.is_usable()
    assert asked == []


def test_a_connection_that_the_server_ended_is_not(another):
    number = number_of(another)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [number])
    deadline = time.monotonic() + 10
    while another.is_usable() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not another.is_usable()


def test_one_that_was_told_something_is_asked(another):
    with another.cursor() as cursor:
        cursor.execute("LISTEN told")
    with connection.cursor() as cursor:
        cursor.execute("NOTIFY told")
    assert another.is_usable()


def test_one_that_was_closed_or_never_opened_is_not(another):
    assert not another.is_usable()
    number_of(another)
    another.connection.close()
    assert not another.is_usable()
