"""The life of one machine, in order: packages installed, a clinic set up and served, upgraded, and removed.

Needs a tree of Debian and packages that `.ci/installers` makes; it also shields the rest of the machine, by
namespaces of its own for processes, mounts and the network.
"""

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hms_desktop.connection.identity import Pairing
from hms_desktop.connection.pairing import DeskAddress, pair
from hms_server.contract.billing import InvoiceState
from hms_server.contract.patients import SearchPatients
from hms_server.contract.values import EncounterId
from tests.installers.debian_tree import DATA, Service, Tree, repacked
from tests.installers.journey import ROLES, bill_of, connect, pass_through

TREE, PACKAGES = os.environ.get("HMS_DEBIAN_TREE"), os.environ.get("HMS_DEBIAN_PACKAGES")
pytestmark = pytest.mark.skipif(
    not (TREE and PACKAGES), reason="needs a fresh tree of Debian and the packages: start .ci/installers"
)

BROKEN = """#!/bin/sh
echo "this version is broken" >&2
exit 1
"""
SPOILING = """#!/bin/sh
# Works on the data as a migration does, and then fails.
here=/usr/lib/hms-server/hms-server.real
case "$*" in
*"run --once"*)
    "$here" --data-dir /var/lib/hms-server user mallory "Mallory" nurse
    echo "the migration went wrong" >&2
    exit 1
    ;;
esac
exec "$here" "$@"
"""


@dataclass
class Clinic:
    """What the workstation knows from one test to the next."""

    pairing: Pairing | None = None
    password: str = ""
    bills: list[EncounterId] = field(default_factory=list)

    @property
    def paired(self) -> Pairing:
        assert self.pairing is not None, "an earlier test has failed"
        return self.pairing


@pytest.fixture(scope="module")
def tree() -> Tree:
    return Tree(Path(str(TREE)))


@pytest.fixture(scope="module")
def clinic() -> Clinic:
    return Clinic()


@pytest.fixture(scope="module")
def server() -> Path:
    """The package of this version."""
    (package,) = Path(str(PACKAGES)).glob("hms-server_*.deb")
    return package


@pytest.fixture(scope="module")
def desktop() -> Path:
    (package,) = Path(str(PACKAGES)).glob("hms-desktop_*.deb")
    return package


@pytest.fixture
def version(server: Path) -> str:
    return version_in(server)


def version_in(package: Path) -> str:
    return package.name.split("_")[1]


def check_books(clinic: Clinic) -> None:
    """Whoever was signed in before signs in again with the same key, and every bill is there and paid."""
    with connect(clinic.paired) as client:
        client.sign_in("ada", clinic.password)
        states = {bill_of(client, encounter_id).state for encounter_id in clinic.bills}
        found = client.ask(SearchPatients(text="Okafor")).patients
    assert states == {InvoiceState.PAID}
    assert len(found) == len(clinic.bills)


def next_visit(clinic: Clinic) -> None:
    with connect(clinic.paired) as client:
        client.sign_in("ada", clinic.password)
        bill = pass_through(client, name="Okafor")
    clinic.bills.append(bill.encounter_id)
    assert bill.state is InvoiceState.PAID


def test_both_packages_are_installed_and_nothing_is_asked(
    tree: Tree, server: Path, desktop: Path, tmp_path: Path
) -> None:
    """With apt, which finds all that they depend on."""
    older = repacked(server, tmp_path, version="0.0.9")

    said = tree.says(
        "apt-get", "install", "--yes", "--no-install-recommends", tree.bring(older), tree.bring(desktop)
    )

    assert "sudo hms-server setup" in said
    assert tree.version_of("hms-server") == "ii  0.0.9"
    assert tree.says("stat", "--format=%U:%G %a", f"/{DATA}") == "hms:hms 700\n"
    assert tree.says("getent", "passwd", "hms").rstrip().endswith(("nologin", "false"))


def test_the_desktop_starts(tree: Tree, version: str) -> None:
    """All libraries that it needs came with it."""
    assert version in tree.run("hms-desktop", "--version").stdout
    brought = "/usr/lib/hms-desktop/_internal"
    window = tree.run(
        "ldd",
        f"{brought}/PySide6/Qt/plugins/platforms/libqxcb.so",
        environment={"LD_LIBRARY_PATH": f"{brought}:{brought}/PySide6/Qt/lib"},
    )
    entry = tree.says("cat", "/usr/share/applications/hms-desktop.desktop")

    assert "not found" not in window.stdout
    assert "Icon=hms-desktop" in entry
    assert (tree.root / "usr/share/icons/hicolor/48x48/apps/hms-desktop.png").stat().st_size > 500


def test_a_screen_starts_with_the_session_only_when_asked_to(tree: Tree) -> None:
    entry = tree.root / "etc/xdg/autostart/hms-desktop.desktop"
    before = entry.exists()

    tree.run("hms-desktop-autostart", "display")
    enabled = entry.read_text()
    tree.run("hms-desktop-autostart", "off")

    assert not before
    assert "--display" in enabled
    assert not entry.exists()


def test_only_the_administrator_may_look_after_the_server(tree: Tree) -> None:
    refused = tree.run("setpriv", "--reuid=nobody", "--clear-groups", "hms-server", "status", check=False)

    assert refused.returncode == 1
    assert refused.stdout.count("\n") == 1
    assert "sudo" in refused.stdout


def test_a_private_file_of_the_administrator_can_be_read(tree: Tree) -> None:
    """Answers with a password in them lie in root's home, for root alone."""
    answers = tree.root / "root/answers.toml"
    answers.write_text('[clinic]\nname = ""\n')
    answers.chmod(0o600)

    checked = tree.run("hms-server", "setup", "--check", "/root/answers.toml", check=False)

    assert "clinic.name" in checked.stdout


def test_the_service_waits_for_its_clinic(tree: Tree, clinic: Clinic) -> None:
    """Installed today, set up tomorrow: the service is no failure until then, and serves by itself then."""
    with Service(tree) as service:
        waiting = service.hear("READY=1")
        tree.run("hms-server", "setup", "--clinic", "Unity Clinic", "--time-zone", "Africa/Lagos")
        service.hear("STATUS=serving at")
        said = tree.says("hms-server", "user", "ada", "Ada Obi", *ROLES)
        code = tree.says("hms-server", "device", "code", "--name", "Front desk").partition("   ")[0]
        clinic.password = re.findall(r"Password: (\S+)", said)[0]
        clinic.pairing = pair(DeskAddress.typed("127.0.0.1"), code, device_name="Front desk", timeout_s=60)
        next_visit(clinic)
        service.hear("WATCHDOG=1")
        packed = tree.says("hms-server", "support").split()[0]

    assert (tree.root / packed.lstrip("/")).stat().st_size
    assert "waiting for 'sudo hms-server setup'" in waiting
    assert service.process.returncode == 0


def test_a_killed_server_comes_back_with_everything(tree: Tree, clinic: Clinic) -> None:
    with tree.serving() as service:
        next_visit(clinic)
        service.kill()
    with tree.serving():
        check_books(clinic)


def test_nobody_else_can_read_the_data(tree: Tree) -> None:
    readable = tree.run("setpriv", "--reuid=nobody", "--clear-groups", "ls", f"/{DATA}", check=False)

    assert readable.returncode != 0


def test_an_upgrade_takes_a_snapshot_and_the_new_version_serves(
    tree: Tree, clinic: Clinic, server: Path, version: str
) -> None:
    with tree.serving() as service:
        upgraded = tree.upgrade(server)
        service.process.wait(60)

    assert f"version {version} is in use" in upgraded.stdout
    assert "taking a snapshot" in upgraded.stdout
    assert tree.version_of("hms-server") == f"ii  {version}"
    assert list((tree.root / DATA / "snapshot").iterdir())
    assert (tree.root / "usr/lib/hms-server.previous/VERSION").read_text() == "0.0.9\n"
    with tree.serving():
        check_books(clinic)
        next_visit(clinic)


@pytest.mark.parametrize("program", [BROKEN, SPOILING], ids=["broken", "spoiling"])
def test_an_upgrade_that_does_not_come_up_is_taken_back(
    tree: Tree, clinic: Clinic, server: Path, tmp_path: Path, program: str
) -> None:
    """Its failure is told, the data is what it was, and the version before goes on."""
    version = version_in(server)
    bad = repacked(server, tmp_path, version=f"{version}+bad{len(program)}", program=program)

    failed = tree.upgrade(bad, check=False)
    again = tree.run("dpkg", "--configure", "hms-server", check=False)

    assert failed.returncode != 0
    assert "WAS TAKEN BACK" in failed.stdout
    assert f"version {version} and its data are in use again" in failed.stdout
    assert "stays in use" in again.stdout
    assert again.returncode == 0
    log = (tree.root / "var/log/hms-server/upgrade.log").read_text()
    assert "WAS TAKEN BACK" in log
    with tree.serving():
        check_books(clinic)
        next_visit(clinic)
        # Somebody of that name cannot be added twice.
        tree.run(
            "hms-server", "user", f"mallory{len(program) * (program == BROKEN) or ''}", "Mallory", "nurse"
        )


def test_a_mended_package_follows_one_that_was_taken_back(
    tree: Tree, clinic: Clinic, server: Path, version: str, tmp_path: Path
) -> None:
    mended = repacked(server, tmp_path, version=f"{version}+mended")

    tree.upgrade(mended)

    assert not (tree.root / "usr/lib/hms-server.previous/IN-USE").exists()
    with tree.serving():
        check_books(clinic)


def test_removing_keeps_the_data(tree: Tree, clinic: Clinic, server: Path) -> None:
    removed = tree.says("dpkg", "--remove", "hms-server", "hms-desktop")
    kept = (tree.root / DATA / "postgres/cluster").exists()
    tree.upgrade(server)

    assert "stays in /var/lib/hms-server" in removed
    assert kept
    assert not (tree.root / "usr/lib/hms-server.previous").exists()
    with tree.serving():
        check_books(clinic)


def test_purging_deletes_the_data_only_when_told_so_by_name(tree: Tree, server: Path) -> None:
    purged = tree.says("dpkg", "--purge", "hms-server")
    kept = (tree.root / DATA / "postgres/cluster").exists()
    tree.upgrade(server)
    by_name = tree.run("dpkg", "--purge", "hms-server", environment={"HMS_PURGE_DATA": "yes"}).stdout

    assert "THE DATA OF THE CLINIC IS STILL IN /var/lib/hms-server" in purged
    assert "sudo rm -rf /var/lib/hms-server" in purged
    assert kept
    assert "was deleted, as you asked" in by_name
    assert not (tree.root / DATA).exists()
    assert not (tree.root / "etc/default/hms-server").exists()
    assert not (tree.root / "var/log/hms-server").exists()
