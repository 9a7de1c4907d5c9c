"""A Debian package is installed as root for a person who is none: only what was signed passes."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hms_desktop.__main__ import main
from hms_desktop.updates.applying import Means, apply, command_for, end, means_of, windows_command
from hms_desktop.updates.installation import this_installation
from hms_desktop.updates.packaged import ARGUMENT, install_package
from hms_desktop.updates.trusted import UpdateRefused
from hms_server.contract.updates import SIGNED_SUFFIX, InstallerKind
from tests.desktop.updates.lines import KEYS, OTHER, PRIVATE, manifest_of, signed, workstation

CONTENT = b"!<arch>\na package"
POLICY = Path(__file__).parents[3] / "installers/debian/desktop/hms-desktop.update.policy"


class Dpkg:
    """Notes what it was to install, as it lay there at that moment."""

    def __init__(self, code: int = 0, said: str = "") -> None:
        self.installed: list[bytes] = []
        self._code = code
        self._said = said

    def __call__(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        assert command[:2] == ["dpkg", "--install"]
        self.installed.append(Path(command[2]).read_bytes())
        return subprocess.CompletedProcess(command, self._code, "", self._said)


def packed(
    folder: Path, content: bytes = CONTENT, private: Ed25519PrivateKey = PRIVATE, **differing: Any
) -> Path:
    path = folder / "update.deb"
    path.write_bytes(content)
    manifest = manifest_of(content, **({"kind": InstallerKind.DEB} | differing))
    (folder / f"update.deb{SIGNED_SUFFIX}").write_bytes(msgspec.json.encode(signed(manifest, private)))
    return path


def install(path: Path, dpkg: Dpkg, keys: tuple[bytes, ...] = KEYS) -> None:
    install_package(path, workstation(kind=InstallerKind.DEB), keys, run=dpkg)


def test_a_signed_newer_package_is_installed_from_a_copy(tmp_path: Path) -> None:
    dpkg = Dpkg()

    install(packed(tmp_path), dpkg)

    assert dpkg.installed == [CONTENT]


@pytest.mark.parametrize(
    ("differing", "words"),
    [
        ({"private": OTHER}, "not signed"),
        ({"version": "0.2.0"}, "not newer"),
        ({"version": "0.1.0"}, "not newer"),
        ({"kind": InstallerKind.TAR}, "another kind of machine"),
        ({"arch": "aarch64"}, "another kind of machine"),
        ({"sha256": "0" * 64}, "not the update that was signed"),
        ({"size_bytes": 3}, "not the update that was signed"),
    ],
)
def test_anything_else_is_refused_before_root_touches_it(
    tmp_path: Path, differing: dict[str, Any], words: str
) -> None:
    dpkg = Dpkg()

    with pytest.raises(UpdateRefused, match=words):
        install(packed(tmp_path, **differing), dpkg)

    assert dpkg.installed == []


def test_a_build_without_a_key_installs_nothing(tmp_path: Path) -> None:
    with pytest.raises(UpdateRefused, match="without a key"):
        install(packed(tmp_path), Dpkg(), keys=())


@pytest.mark.parametrize("damage", [b"", b"{}", b"\xff"])
def test_a_damaged_description_is_refused(tmp_path: Path, damage: bytes) -> None:
    path = packed(tmp_path)
    (tmp_path / f"update.deb{SIGNED_SUFFIX}").write_bytes(damage)

    with pytest.raises(UpdateRefused, match="cannot be read"):
        install(path, Dpkg())


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    path = packed(tmp_path)
    path.unlink()

    with pytest.raises(UpdateRefused, match="cannot be read: No such file"):
        install(path, Dpkg())


def test_what_the_package_manager_says_is_passed_on(tmp_path: Path) -> None:
    with pytest.raises(UpdateRefused, match="refused the update: dpkg: error: locked"):
        install(packed(tmp_path), Dpkg(2, "reading\ndpkg: error: locked\n"))


def test_a_package_manager_that_does_not_end_is_no_promise_that_nothing_was_changed(tmp_path: Path) -> None:
    def run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        raise subprocess.TimeoutExpired(command, 1)

    with pytest.raises(UpdateRefused, match="did not finish"):
        install_package(packed(tmp_path), workstation(kind=InstallerKind.DEB), KEYS, run=run)


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("other", ["--install-into", "--set-up-server"])
def test_what_polkit_lets_anybody_begin_as_root_ends_there(
    tmp_path: Path, other: str, order: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """The policy looks at the first argument alone: what follows it must not write where the caller says."""
    pairs = [(ARGUMENT, str(tmp_path / "x.deb")), (other, str(tmp_path / "home"))][::order]

    with pytest.raises(SystemExit):
        main([word for pair in pairs for word in pair])

    assert "not allowed with" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_policy_allows_this_one_act_of_this_one_program() -> None:
    words = POLICY.read_text("utf-8")

    assert '"org.freedesktop.policykit.exec.path">/usr/lib/hms-desktop/hms-desktop<' in words
    assert '"org.freedesktop.policykit.exec.argv1">--install-update<' in words
    assert words.count("<action ") == 1


@pytest.mark.skipif(os.name != "posix", reason="Debian's way")
@pytest.mark.parametrize(
    ("code", "trouble"),
    [(0, ""), (126, "has to allow the update"), (127, "has to allow the update"), (1, "refused the update")],
)
def test_pkexec_is_asked_and_its_answer_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, trouble: str
) -> None:
    """A stand-in on the path, since nobody here may become root."""
    script = tmp_path / "pkexec"
    script.write_text(f'#!/bin/sh\necho "$@" > "{tmp_path}/asked"\necho no >&2\nexit {code}\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    mine = workstation(kind=InstallerKind.DEB)
    path = tmp_path / "hms-desktop-0.3.0-linux-x86_64.deb"

    said = ""
    try:
        apply(path, manifest_of(CONTENT, kind=InstallerKind.DEB), mine)
    except UpdateRefused as refused:
        said = str(refused)

    assert trouble in said
    assert bool(trouble) == bool(said)
    assert (tmp_path / "asked").read_text() == f"{mine.program} --install-update {path}\n"
    assert means_of(mine) is Means.ADMINISTRATOR


@pytest.mark.skipif(os.name != "posix", reason="Debian's way")
def test_what_another_window_has_installed_needs_no_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, does in (("dpkg-query", "printf 0.3.0"), ("pkexec", f": > {tmp_path}/asked")):
        script = tmp_path / name
        script.write_text(f"#!/bin/sh\n{does}\n")
        script.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    apply(
        tmp_path / "x.deb",
        manifest_of(CONTENT, kind=InstallerKind.DEB),
        workstation(kind=InstallerKind.DEB),
    )

    assert not (tmp_path / "asked").exists()


@pytest.mark.skipif(os.name != "posix", reason="Debian's way")
def test_without_pkexec_a_command_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    mine = workstation(kind=InstallerKind.DEB)

    assert means_of(mine) is Means.BY_HAND
    assert (
        command_for(Path("/home/ama o/x.deb"), mine)
        == "sudo hms-desktop --install-update '/home/ama o/x.deb'"
    )


def test_windows_waits_installs_silently_and_starts_again() -> None:
    command = windows_command(
        Path("C:/Users/Ama O'Neil/update.exe"),
        Path("C:/Program Files/HMS/hms-desktop.exe"),
        ["--server", "clinic one:7717"],
        process_id=42,
    )

    steps = command[-1].split("; ")
    assert command[0] == "powershell"
    assert steps[0].startswith("Wait-Process -Id 42")
    assert "'/S' -Verb RunAs -Wait" in steps[1]
    assert "Ama O''Neil" in steps[1]
    assert steps[2].endswith("""-ArgumentList '--server "clinic one:7717"'""")


def test_a_program_put_there_by_hand_is_updated_by_hand(tmp_path: Path) -> None:
    with pytest.raises(UpdateRefused, match="by hand"):
        apply(tmp_path / "x", manifest_of(CONTENT), workstation(kind=None, home=None))


def test_how_the_program_came_here_is_seen(tmp_path: Path) -> None:
    program, listed = tmp_path / "hms-desktop", tmp_path / "hms-desktop.list"
    (tmp_path / "home/versions").mkdir(parents=True)
    home = {"HMS_DESKTOP_HOME": str(tmp_path / "home")}

    def kind(**differing: Any) -> InstallerKind | None:
        usual: dict[str, Any] = {
            "environment": {},
            "package_files": listed,
            "program": program,
            "frozen": True,
            "system": "linux",
        }
        return this_installation(**(usual | differing)).kind

    by_hand = kind()
    listed.write_text(f"/.\n{program}\n/usr/bin/hms-desktop\n")

    assert by_hand is None
    assert kind() is InstallerKind.DEB
    assert kind(program=tmp_path / "other") is None
    assert kind(system="win32") is InstallerKind.NSIS
    assert kind(frozen=False) is None
    assert kind(environment=home) is InstallerKind.TAR
    assert kind(environment={"HMS_DESKTOP_HOME": str(tmp_path)}) is InstallerKind.DEB


def test_the_launcher_starts_the_next_one_and_others_begin_anew_themselves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun: list[list[str]] = []
    monkeypatch.setattr("os.execv", lambda _, arguments: begun.append(arguments))
    monkeypatch.setattr("sys.argv", ["hms-desktop", "--display"])
    deb = workstation(kind=InstallerKind.DEB, program=Path("/usr/lib/hms-desktop/hms-desktop"))

    assert end(0, installation=deb) == 0
    assert end(75, installation=workstation()) == 75
    assert begun == []
    end(75, installation=deb)
    monkeypatch.delenv("PYINSTALLER_RESET_ENVIRONMENT", raising=False)

    assert begun == [["/usr/lib/hms-desktop/hms-desktop", "--display"]]
