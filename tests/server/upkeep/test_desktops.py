"""Workstations with an older program are known by name, from what they say themselves."""

from collections.abc import Iterator

import psycopg
import pytest

from hms_server.contract.accounts import ListDevices
from hms_server.contract.build import BUILD
from hms_server.contract.envelope import PROTOCOL
from hms_server.contract.updates import GetUpdate
from hms_server.contract.values import Role
from hms_server.dispatch import Dispatcher
from hms_server.upkeep.desktops import DesktopVersions
from tests.server.desk import Desk


@pytest.fixture
def versions(desk: Desk) -> Iterator[DesktopVersions]:
    """Listens at the desk; its only device is number 1."""
    heard = DesktopVersions()
    desk.sql(
        "insert into device (id, public_key, name, paired_at) overriding system value"
        " values (1, 'a', 'Front desk', %s)",
        (desk.now,),
    )
    desk.dispatcher = Dispatcher(
        heard.listen(list(desk.dispatcher.routes.values())),
        subscribers={},
        constraints={},
        connect=desk.connect,
        clock=lambda: desk.now,
        committed=lambda _: None,
        vault=desk.vault,
    )
    yield heard
    desk.dispatcher.close_thread()


def ask(desk: Desk, version: str) -> None:
    request = GetUpdate(version=version, protocol=PROTOCOL, platform="linux", arch="x86_64", kind="deb")
    desk.ask(request, Role.NURSE)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("0.1.0", ["Front desk (0.1.0)"]),
        ("0.2.0", []),
        ("0.10.0", []),
        ("0.2.0rc1", ["Front desk (0.2.0rc1)"]),
        ("a-strange-word", []),
    ],
)
def test_who_is_older_than_the_server(
    desk: Desk, versions: DesktopVersions, told: str, expected: list[str]
) -> None:
    ask(desk, told)

    with desk.connect() as connection:
        versions.store(connection)
        assert versions.older_than("0.2.0", connection) == expected
        # As a server that has just started.
        assert DesktopVersions().older_than("0.2.0", connection) == expected


def test_a_workstation_that_was_updated_or_revoked_is_old_no_more(
    desk: Desk, versions: DesktopVersions
) -> None:
    ask(desk, "0.1.0")
    ask(desk, "0.2.0")
    with desk.connect() as connection:
        connection.autocommit = True
        versions.store(connection)
        updated = versions.older_than("0.2.0", connection)
        ask(desk, "0.1.0")
        versions.store(connection)
        desk.sql("update device set revoked_at = %s", (desk.now,))
        revoked = versions.older_than("0.2.0", connection)

    assert updated == revoked == []


def test_what_a_database_did_not_take_is_stored_the_next_time(desk: Desk, versions: DesktopVersions) -> None:
    """A workstation says it once a day."""
    ask(desk, "0.1.0")
    lost = desk.connect()
    lost.close()
    with pytest.raises(psycopg.OperationalError):
        versions.store(lost)

    with desk.connect() as connection:
        versions.store(connection)
        assert versions.older_than("0.2.0", connection) == ["Front desk (0.1.0)"]


def test_nobody_has_said_anything_yet(desk: Desk, versions: DesktopVersions) -> None:
    with desk.connect() as connection:
        assert versions.older_than("0.2.0", connection) == []


@pytest.mark.parametrize(("told", "outdated"), [("0.0.1", True), (BUILD.version, False), ("99.0", False)])
def test_the_administrator_sees_which_workstation_is_outdated(
    desk: Desk,
    versions: DesktopVersions,
    told: str,
    outdated: bool,  # noqa: FBT001 - a case of the test
) -> None:
    before = desk.ask(ListDevices(), Role.ADMINISTRATOR).devices[0]
    ask(desk, told)
    with desk.connect() as connection:
        versions.store(connection)

    after = desk.ask(ListDevices(), Role.ADMINISTRATOR).devices[0]

    assert (before.version, before.is_outdated) == ("", False)
    assert (after.version, after.is_outdated) == (told, outdated)
