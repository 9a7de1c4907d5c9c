"""What a workstation is offered, and the parts that it reads, at the dispatcher's door."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from hms_server.contract.envelope import OLDEST_PROTOCOL, PROTOCOL
from hms_server.contract.updates import PART_BYTES, GetUpdate, ReadUpdatePart, Version
from hms_server.contract.values import DeviceId
from hms_server.faults import Refused
from hms_server.updates.catalogue import Catalogue, Kept
from hms_server.updates.pacing import Pacer
from hms_server.updates.queries import UpdateDesk
from hms_server.work import Actor, Work
from tests.server.updates.installers import PUBLIC, make_installer, parts_of

CONTENT = b"".join(parts_of(2 * PART_BYTES + 1000))


class NoDatabase:
    """Nothing about updates is in the database, so that they work while it is away."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"the database was asked: {name}")


def by(device: int) -> Work:
    nothing: psycopg.Connection[Any] = NoDatabase()  # type: ignore[assignment] # nothing may touch it
    return Work(nothing, Actor(device_id=DeviceId(device)), datetime(2026, 3, 2, tzinfo=UTC), UUID(int=1))


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    return Catalogue(tmp_path / "updates", version="0.3.0")


@pytest.fixture
def kept(catalogue: Catalogue, tmp_path: Path) -> Kept:
    return catalogue.add(make_installer(tmp_path / "stick", content=CONTENT)[0], (PUBLIC,))


@pytest.fixture
def desk(catalogue: Catalogue) -> UpdateDesk:
    return UpdateDesk(catalogue, Pacer(lambda: 0.0, at_once=2, bytes_per_second=1 << 40))


def ask(version: str = "0.2.0", *, kind: str = "tar", protocol: int = PROTOCOL) -> GetUpdate:
    return GetUpdate(version=version, protocol=protocol, platform="linux", arch="x86_64", kind=kind)


def test_an_older_workstation_is_offered_the_servers_version(desk: UpdateDesk, kept: Kept) -> None:
    offer = desk.get_update(by(1), ask())

    assert offer.server_version == "0.3.0"
    assert offer.update == kept.signed
    assert not offer.required


@pytest.mark.parametrize("version", ["0.3.0", "0.3", "0.4.0", "1.0.0", "garbage", "", "0"])
def test_nobody_is_offered_a_step_back(desk: UpdateDesk, kept: Kept, version: str) -> None:
    """Nor anything at all whose own version is not understood."""
    offer = desk.get_update(by(1), ask(version))

    assert offer.update is None
    assert offer.server_version == "0.3.0"


def test_a_workstation_that_nobody_installed_is_offered_nothing(desk: UpdateDesk, kept: Kept) -> None:
    assert desk.get_update(by(1), ask(kind="")).update is None


def test_a_program_that_the_server_does_not_understand_any_more_must_be_updated(desk: UpdateDesk) -> None:
    """Said also where there is nothing to update it with."""
    offer = desk.get_update(by(1), ask(protocol=OLDEST_PROTOCOL - 1))

    assert offer.required
    assert offer.update is None


def test_the_parts_make_up_the_installer(desk: UpdateDesk, kept: Kept) -> None:
    read = b""

    while len(read) < len(CONTENT):
        part = desk.read_part(by(1), ReadUpdatePart(sha256=kept.manifest.sha256, offset=len(read)))
        assert 0 < len(part.data) <= PART_BYTES
        read += part.data

    assert read == CONTENT


def test_others_wait_until_somebody_is_done(desk: UpdateDesk, kept: Kept) -> None:
    first = ReadUpdatePart(sha256=kept.manifest.sha256, offset=0)
    for device in (1, 2):
        assert desk.read_part(by(device), first).data

    waiting = desk.read_part(by(3), first)
    desk.read_part(by(1), ReadUpdatePart(sha256=kept.manifest.sha256, offset=2 * PART_BYTES))

    assert waiting.data == b""
    assert waiting.wait_ms > 0
    assert desk.read_part(by(3), first).data


def test_beyond_the_end_there_is_nothing(desk: UpdateDesk, kept: Kept) -> None:
    with pytest.raises(Refused) as refused:
        desk.read_part(by(1), ReadUpdatePart(sha256=kept.manifest.sha256, offset=len(CONTENT)))

    assert refused.value.fault.code == "updates.end"


def test_an_installer_that_is_not_there_is_refused(desk: UpdateDesk) -> None:
    with pytest.raises(Refused) as refused:
        desk.read_part(by(1), ReadUpdatePart(sha256="0" * 64, offset=0))

    assert refused.value.fault.code == "updates.gone"


def test_one_that_was_removed_meanwhile_is_refused(
    desk: UpdateDesk, catalogue: Catalogue, kept: Kept
) -> None:
    first = ReadUpdatePart(sha256=kept.manifest.sha256, offset=0)
    desk.read_part(by(1), first)
    catalogue.remove(kept.path.name)

    for _ in range(2):
        with pytest.raises(Refused) as refused:
            desk.read_part(by(1), first)
        assert refused.value.fault.code == "updates.gone"


def test_one_that_was_cut_meanwhile_says_so(desk: UpdateDesk, kept: Kept) -> None:
    kept.path.write_bytes(CONTENT[:10])

    with pytest.raises(Refused) as refused:
        desk.read_part(by(1), ReadUpdatePart(sha256=kept.manifest.sha256, offset=PART_BYTES))

    assert refused.value.fault.code == "updates.damaged"


def test_one_added_while_the_server_runs_is_found(
    desk: UpdateDesk, catalogue: Catalogue, tmp_path: Path
) -> None:
    assert desk.get_update(by(1), ask()).update is None

    kept = catalogue.add(make_installer(tmp_path / "stick")[0], (PUBLIC,))

    assert desk.get_update(by(1), ask()).update == kept.signed
    assert desk.read_part(by(1), ReadUpdatePart(sha256=kept.manifest.sha256, offset=0)).data


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("0.2.9", "0.3"),
        ("0.3.0rc1", "0.3.0"),
        ("0.3.0rc2", "0.3.0rc10"),
        ("0.9.0", "0.10.0"),
        ("0.3.1", "1.0"),
    ],
)
def test_versions_come_in_order(older: str, newer: str) -> None:
    assert Version.read(older) < Version.read(newer)
    assert Version.read("0.3") == Version.read("0.3.0")


@pytest.mark.parametrize(
    "text", ["", "0", "v0.3", "0.3.0.1", "0.3.0-dirty", "٣.١", "0.3.0\n", "1" * 7 + ".0"]
)
def test_what_is_no_version_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="not a version"):
        Version.read(text)
