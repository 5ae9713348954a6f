"""An officer makes a webhook, tests it, reads what became of it and ends it."""

from __future__ import annotations

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from standardwebhooks.webhooks import Webhook as Verifier

from tests.browser.conftest import PHONE
from tests.receiver import Receiver
from villages.models import Webhook
from villages.services.deliver_webhooks import Sender

# Serialized, because the roles that migrations make must be there for every test.
pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.fixture(autouse=True)
def receivers_on_this_machine(settings):
    settings.KUKAR_WEBHOOK_HTTP = True
    settings.KUKAR_WEBHOOK_PRIVATE = ["127.0.0.0/8"]


@pytest.fixture
def receiver():
    with Receiver() as made:
        yield made


def send_all() -> None:
    """Do what the worker does."""
    sender = Sender()
    while sender.step(now=timezone.now()):
        sender.wait(20)


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


@pytest.mark.parametrize("size", [None, PHONE], ids=["desk", "phone"])
def test_an_officer_makes_tests_changes_and_deletes_a_webhook(
    open_page, officer, receiver, assert_accessible, size
):
    page = open_page("/sandi/", officer, **({"size": size} if size else {}))
    page.locator("details.account summary").click()
    page.get_by_role("link", name="Webhook", exact=True).click()
    page.get_by_label("Alamat penerima").fill(receiver.address())
    page.get_by_label("blank spot muncul").check()
    press(page, "Buat webhook")
    secret = page.get_by_label("Rahasianya.").input_value()
    assert_accessible(page)

    page.get_by_role("link", name="Kirimi pesan uji").click()
    press(page, "Kirim pesan uji")
    expect(page.get_by_role("status")).to_contain_text("Pesan uji sedang dikirim")
    expect(page.get_by_role("row").nth(1)).to_contain_text("menunggu")
    receiver.replies.append((503, {}))
    send_all()
    page.reload()
    row = page.get_by_role("row").nth(1)
    expect(row).to_contain_text("penerima menjawab dengan kesalahan (503)")
    expect(page.get_by_text("1 percobaan terakhir gagal.")).to_be_visible()
    assert_accessible(page)
    row.get_by_role("button", name="Kirim ulang").click()
    send_all()
    page.reload()
    expect(row).to_contain_text("sampai (204)")
    assert [Verifier(secret).verify(b, h)["type"] for _, h, b in receiver.taken] == [
        "test",
        "test",
    ]

    press(page, "Buat rahasia baru")
    assert page.get_by_label("Rahasianya.").input_value() not in ("", secret)
    assert_accessible(page)
    page.get_by_role("link", name="Selesai").click()
    press(page, "Jeda")
    expect(page.get_by_text("Sedang dijeda")).to_be_visible()
    page.get_by_label("hitungan diterbitkan").check()
    press(page, "Simpan")
    expect(page.get_by_role("status")).to_contain_text("Webhook diubah.")
    webhook = Webhook.objects.get()
    assert webhook.events == ["run.published", "blank_spot.opened"]
    assert webhook.state == "paused"
    page.get_by_text("Hapus webhook ini").click()
    press(page, "Hapus")
    expect(page.get_by_text("Anda tidak punya webhook.")).to_be_visible()
    assert not Webhook.objects.exists()
