"""A whole server takes notices at a socket apart, where it is asked to, and nowhere by default."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest

from hms_server.app import Server
from hms_server.config import Settings
from hms_server.console.serving import _address
from hms_server.contract.relay import SetProvider
from hms_server.paystack.webhook import PATH
from tests.outside.local import within
from tests.outside.paystack import FakePaystack
from tests.server.desk import Desk
from tests.wire.ports import free_port


@contextmanager
def serving(database: str, folder: Path, *, webhook: tuple[str, int] | None) -> Iterator[Server]:
    settings = Settings(
        data_dir=folder,
        bind="127.0.0.1",
        port=0,
        pairing_port=free_port(),
        announce=False,
        webhook=webhook,
    )
    server = Server(settings, database)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def test_a_notice_reaches_the_books_of_a_whole_server(
    desk: Desk, database: str, tmp_path: Path, theirs: FakePaystack
) -> None:
    """Signed ones only, at the one path, and never where the workstations connect."""
    webhook = ("127.0.0.1", free_port())
    data = {"reference": "shop-1", "status": "success", "amount": 5_000, "currency": "NGN", "fees": 75}
    with serving(database, tmp_path, webhook=webhook) as server:
        request = SetProvider(
            name="paystack", settings={"address": theirs.url}, secrets={"secret_key": theirs.secret}
        )
        server._dispatcher.act("tests", lambda work: server._outside.providers.set_provider(work, request))
        server._dispatcher.close_thread()
        theirs.webhook_url = f"http://{webhook[0]}:{webhook[1]}{PATH}"

        statuses = [
            theirs.notify("charge.success", data),
            theirs.notify("charge.success", data),
            theirs.notify("charge.success", data, secret="sk_test_wrong"),
            _get(webhook),
        ]
        within(lambda: desk.sql("select count(*) from paystack_task")[0][0] == 1)

    assert statuses == [200, 200, 401, 405]
    assert desk.sql("select times from paystack_event") == [(2,)]


def test_nothing_listens_by_default(database: str, tmp_path: Path, desk: Desk) -> None:
    with serving(database, tmp_path, webhook=None) as server:
        assert server._notices is None


@pytest.mark.parametrize(
    ("typed", "address"), [("127.0.0.1:8080", ("127.0.0.1", 8080)), ("[::1]:80", ("::1", 80))]
)
def test_the_command_line_takes_host_and_port(typed: str, address: tuple[str, int]) -> None:
    assert _address(typed) == address


def _get(address: tuple[str, int]) -> int:
    connection = HTTPConnection(*address, timeout=30)
    try:
        connection.request("GET", PATH)
        return connection.getresponse().status
    finally:
        connection.close()
