"""A workstation is updated by a real server: from its command line to the new program's first start."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from hms_desktop.drafts import DraftKey, draft_store
from hms_desktop.updates import launcher
from hms_desktop.updates.applying import apply
from hms_desktop.updates.installation import Installation
from hms_desktop.updates.looking import Looker, Outlook
from hms_desktop.updates.store import UpdateStore
from hms_server.contract.build import BUILD
from hms_server.contract.envelope import PROTOCOL
from hms_server.contract.updates import GetUpdate, InstallerKind, ReadUpdatePart, read_keys
from hms_server.contract.values import PatientId, Role, StaffId
from hms_server.contract.visits import CheckIn
from installers.sign import make_keys, pack
from tests.databases import _lend
from tests.wire.processes import House, Process, Seat, open_house, within

DESKTOPS = 6
VISITS = 25
PADDING_BYTES = 6 << 20
"""A second and a half at the server's own pace."""
OLD = "0.0.9"
SCRIPT = '#!/bin/sh\nrm -f "$HMS_DESKTOP_HOME/trying"\necho "{version}"\n'

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the bundle is a script for the shell")


@pytest.fixture(scope="module")
def house(
    database_server: str,
    database_template: str,
    database_steward: psycopg.Connection[Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[House]:
    for dsn in _lend(database_server, database_steward, template=database_template):
        with open_house(dsn, tmp_path_factory.mktemp("house")) as house:
            yield house


@pytest.fixture(scope="module")
def seats(house: House) -> list[Seat]:
    return [house.seat(Role.NURSE) for _ in range(DESKTOPS + 3)]


@pytest.fixture(scope="module")
def server(house: House, seats: list[Seat]) -> Process:
    return house.serve()


@pytest.fixture(scope="module")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The builder's private key; the public one lies beside it."""
    path = tmp_path_factory.mktemp("builder") / "update.key"
    make_keys(path)
    return path


@pytest.fixture(scope="module")
def installer(tmp_path_factory: pytest.TempPathFactory, key_file: Path) -> Path:
    """The bundle of the server's version, packed and signed on the builder's command line."""
    folder = tmp_path_factory.mktemp("dist")
    built = bundle(folder / "hms-desktop", BUILD.version)
    (built / "padding").write_bytes(os.urandom(PADDING_BYTES))
    packed = pack(built, folder, version_=BUILD.version, arch="x86_64")
    run("installers.sign", "sign", packed, "--key", key_file, "--arch", "x86_64", "--notes", "New labels.")
    return packed


@dataclass(frozen=True, kw_only=True)
class Clinic:
    """A clinic whose server hands out the installer."""

    house: House
    server: Process
    seats: list[Seat]
    keys: tuple[bytes, ...]
    installer: Path


@pytest.fixture(scope="module")
def clinic(
    house: House, server: Process, seats: list[Seat], installer: Path, key_file: Path
) -> Iterator[Clinic]:
    """Added while the server runs, as whoever looks after it does."""
    public = key_file.with_name("update.key.pub")
    data_dir = house.keys_file.parent
    added = run("hms_server", "--data-dir", data_dir, "updates", "add", installer, "--key", public)
    assert added.startswith("Kept: hms-desktop-")
    listed = run("hms_server", "--data-dir", data_dir, "updates", "list")
    assert installer.name in listed
    assert "DAMAGED" not in listed
    keys = read_keys(public.read_text())
    yield Clinic(house=house, server=server, seats=seats, keys=keys, installer=installer)
    run("hms_server", "--data-dir", data_dir, "updates", "remove", installer.name)


def bundle(folder: Path, version: str) -> Path:
    folder.mkdir()
    (folder / "hms-desktop").write_text(SCRIPT.format(version=version))
    (folder / "hms-desktop").chmod(0o755)
    return folder


def run(module: str, *arguments: str | Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def workstation(home: Path) -> Installation:
    return Installation(
        version=OLD,
        platform="linux",
        arch="x86_64",
        kind=InstallerKind.TAR,
        program=home / "versions" / OLD / "hms-desktop",
        home=home,
    )


def install_old(folder: Path) -> Path:
    home = folder / "home"
    launcher.install(bundle(folder / "old", OLD), home, OLD)
    return home


def looker(folder: Path, keys: tuple[bytes, ...]) -> Looker:
    return Looker(workstation(folder / "home"), UpdateStore(folder / "updates"), keys, retry_s=0.1)


def ignore(*_: object) -> None:
    pass


def start(home: Path) -> str:
    return subprocess.check_output([home / "hms-desktop"], text=True, timeout=60)


def test_from_the_command_line_to_the_first_start(clinic: Clinic, tmp_path: Path) -> None:
    """Nobody is signed in, and what was typed into the old version is there in the new one."""
    home = install_old(tmp_path)
    typed = DraftKey(staff_id=StaffId(5), patient_id=PatientId(7), encounter_id=None, kind="vitals")
    draft_store(tmp_path, clinic.seats[0].keys.secret_key).save(typed, {"note": "Fever since Monday"})
    assert start(home) == f"{OLD}\n"

    outlook = looker(tmp_path, clinic.keys).look(
        lambda: clinic.house.client(clinic.seats[0].keys, clinic.server), offered=ignore, progress=ignore
    )
    assert outlook is not None
    assert outlook.manifest is not None
    assert outlook.path is not None
    apply(outlook.path, outlook.manifest, workstation(home))

    assert outlook.manifest.notes == "New labels."
    assert start(home) == f"{BUILD.version}\n"
    draft = draft_store(tmp_path, clinic.seats[0].keys.secret_key).load(typed)
    assert draft is not None
    assert draft.data == {"note": "Fever since Monday"}


def test_a_download_goes_on_after_the_server_was_killed(clinic: Clinic, tmp_path: Path) -> None:
    """Nothing is fetched twice, and the file is whole."""
    install_old(tmp_path)
    second = clinic.house.serve("second")
    told: list[int] = []

    def kill_in_the_middle(here: int, whole: int) -> None:
        told.append(here)
        if here > whole // 3 and second.popen.poll() is None:
            second.kill()
            threading.Thread(target=lambda: clinic.house.serve("second", port=second.port)).start()

    outlook = looker(tmp_path, clinic.keys).look(
        lambda: clinic.house.client(clinic.seats[1].keys, second), offered=ignore, progress=kill_in_the_middle
    )

    assert outlook is not None
    assert outlook.path is not None
    assert outlook.path.read_bytes() == clinic.installer.read_bytes()
    assert told == sorted(told)
    assert len(told) == len(set(told))


def test_the_clinic_goes_on_while_many_fetch(clinic: Clinic, tmp_path: Path) -> None:
    """Every check-in is stored while the downloads are under way, and these come to their end too."""
    begun = [threading.Event() for _ in range(DESKTOPS)]
    found: list[Outlook | None] = []

    def fetch(number: int) -> None:
        folder = tmp_path / str(number)
        folder.mkdir()
        install_old(folder)
        outlook = looker(folder, clinic.keys).look(
            lambda: clinic.house.client(clinic.seats[2 + number].keys, clinic.server),
            offered=ignore,
            progress=lambda here, _: begun[number].set() if here else None,
        )
        found.append(outlook)

    threads = [threading.Thread(target=fetch, args=(number,)) for number in range(DESKTOPS)]
    patients = clinic.house.patients(VISITS)
    with clinic.house.at(clinic.seats[-1], clinic.server) as nurse:
        for thread in threads:
            thread.start()
        within(lambda: sum(each.is_set() for each in begun) >= 3, 60)
        codes = [nurse.ask(CheckIn(patient_id=patient)).ticket.code for patient in patients]
        still_fetching = sum(thread.is_alive() for thread in threads)
        for thread in threads:
            thread.join(120)

    assert len(set(codes)) == VISITS
    assert still_fetching > 0
    assert [outlook.path is not None for outlook in found if outlook] == [True] * DESKTOPS


def test_a_program_that_ends_stops_its_download_and_goes_on_with_it_later(
    clinic: Clinic, tmp_path: Path
) -> None:
    """Ending takes no longer than without a download, whatever the connection waits for."""
    install_old(tmp_path)
    first = looker(tmp_path, clinic.keys)
    stopping: list[threading.Thread] = []

    def stop_once(here: int, _whole: int) -> None:
        if here and not stopping:
            stopping.append(threading.Thread(target=first.stop))
            stopping[0].start()

    stopped = first.look(
        lambda: clinic.house.client(clinic.seats[0].keys, clinic.server), offered=ignore, progress=stop_once
    )
    stopping[0].join()
    begun: list[int] = []
    outlook = looker(tmp_path, clinic.keys).look(
        lambda: clinic.house.client(clinic.seats[0].keys, clinic.server),
        offered=ignore,
        progress=lambda here, _: begun.append(here),
    )

    assert stopped is None
    assert begun[0] > 0
    assert outlook is not None
    assert outlook.path is not None
    assert outlook.path.read_bytes() == clinic.installer.read_bytes()


def test_asking_for_updates_keeps_nobody_signed_in(clinic: Clinic) -> None:
    """It is asked without the session, so that a desk that was left still locks itself."""
    seat = clinic.seats[0]
    before = clinic.house.sql("select last_seen_at from session where id = %s", (seat.session_id,))

    with clinic.house.client(seat.keys, clinic.server) as line:
        asked = GetUpdate(version=OLD, protocol=PROTOCOL, platform="linux", arch="x86_64", kind="tar")
        offer = line.ask(asked)
        assert offer.update is not None
        sha256 = offer.update.read().sha256
        assert line.ask(ReadUpdatePart(sha256=sha256, offset=0)).data
        assert line.session == ""

    assert clinic.house.sql("select last_seen_at from session where id = %s", (seat.session_id,)) == before
