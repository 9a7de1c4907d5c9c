"""The builder's side of updates: a key that is never overwritten, signatures that workstations believe."""

import base64
import os
import stat
import tarfile
from pathlib import Path

import pytest

from hms_desktop.updates.installation import Installation
from hms_desktop.updates.trusted import judge
from hms_server.contract.updates import SIGNED_SUFFIX, InstallerKind, read_keys
from hms_server.updates.catalogue import read_signed
from installers.sign import KEY_VARIABLE, SigningRefused, bake_keys, main, make_keys, pack, read_private


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "update.key"
    make_keys(path)
    return path


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    folder = tmp_path / "hms-desktop"
    (folder / "_internal").mkdir(parents=True)
    (folder / "hms-desktop").write_bytes(b"\x7fELF")
    (folder / "hms-desktop").chmod(0o755)
    (folder / "_internal/library.so").symlink_to("../hms-desktop")
    return folder


def workstation(kind: InstallerKind, platform: str = "linux") -> Installation:
    return Installation(
        version="0.1.0", platform=platform, arch="x86_64", kind=kind, program=Path("/usr/bin/x")
    )


def test_a_key_is_made_once_for_its_owner_alone(key: Path) -> None:
    before = key.read_bytes()

    with pytest.raises(SigningRefused, match="never overwritten"):
        make_keys(key)

    assert key.read_bytes() == before
    if os.name == "posix":
        assert stat.S_IMODE(key.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("name", "kind", "platform"),
    [
        ("hms-desktop_0.3.0_amd64.deb", InstallerKind.DEB, "linux"),
        ("hms-desktop-setup.exe", InstallerKind.NSIS, "win32"),
        ("hms-desktop.tar.gz", InstallerKind.TAR, "linux"),
    ],
)
def test_what_is_signed_is_believed_by_a_workstation(
    tmp_path: Path, key: Path, name: str, kind: InstallerKind, platform: str
) -> None:
    (tmp_path / name).write_bytes(b"an installer")

    code = main(
        [
            *("sign", str(tmp_path / name), "--key", str(key), "--version", "0.3.0", "--arch", "AMD64"),
            *("--notes", "Labels on both sizes of paper."),
        ]
    )

    keys = read_keys(key.with_name("update.key.pub").read_text())
    manifest = judge(read_signed(tmp_path / (name + SIGNED_SUFFIX)), workstation(kind, platform), keys)
    assert code == 0
    assert manifest.kind is kind
    assert manifest.arch == "x86_64"
    assert manifest.size_bytes == len(b"an installer")
    assert manifest.notes == "Labels on both sizes of paper."


def test_only_installers_of_a_real_version_are_signed(
    tmp_path: Path, key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "x.deb").write_text("x")

    codes = [
        main(["sign", str(tmp_path / "notes.txt"), "--key", str(key)]),
        main(["sign", str(tmp_path / "x.deb"), "--key", str(key), "--version", "dirty"]),
        main(["sign", str(tmp_path / "missing.deb"), "--key", str(key)]),
        main(["sign", str(tmp_path / "x.deb"), "--key", str(tmp_path / "x.deb")]),
    ]

    assert codes == [1, 1, 1, 1]
    assert not list(tmp_path.glob(f"*{SIGNED_SUFFIX}"))
    lines = capsys.readouterr().err.splitlines()
    words = ("no installer", "not a version", "No such file", "no key")
    assert all(word in line for word, line in zip(words, lines, strict=True))


def test_a_public_key_does_not_sign(key: Path) -> None:
    with pytest.raises(SigningRefused):
        read_private(key.with_name("missing"))
    with pytest.raises(SigningRefused, match="the private one"):
        read_private(key.with_name("update.key.pub"))


def test_a_private_key_is_never_baked_into_a_bundle(tmp_path: Path, key: Path) -> None:
    """Both are 32 bytes in base 64: a slip of ".pub" would give the key of all updates to everybody."""
    with pytest.raises(SigningRefused, match="private key") as refused:
        bake_keys(tmp_path / "work", environment={KEY_VARIABLE: str(key)})

    assert not (tmp_path / "work").exists()
    assert key.read_text().split()[-1][:8] not in str(refused.value)


def test_the_same_bundle_gives_the_same_file(tmp_path: Path, bundle: Path) -> None:
    one = pack(bundle, tmp_path / "one", version_="0.3.0", arch="x86_64")
    (bundle / "hms-desktop").touch()
    other = pack(bundle, tmp_path / "other", version_="0.3.0", arch="x86_64")

    assert one.name == "hms-desktop-0.3.0-linux-x86_64.tar.gz"
    assert one.read_bytes() == other.read_bytes()
    with tarfile.open(one) as packed:
        assert packed.getmember("hms-desktop/hms-desktop").mode & 0o111
        assert packed.getmember("hms-desktop/_internal/library.so").issym()


def test_a_folder_that_is_no_bundle_is_not_packed(tmp_path: Path) -> None:
    with pytest.raises(SigningRefused, match="no bundle"):
        pack(tmp_path, tmp_path / "out", version_="0.3.0", arch="x86_64")


def test_a_build_bakes_in_what_it_is_told_to_trust(tmp_path: Path, key: Path) -> None:
    public = key.with_name("update.key.pub")

    baked = bake_keys(tmp_path / "work", environment={KEY_VARIABLE: str(public)})

    assert baked is not None
    assert read_keys(baked.read_text()) == read_keys(public.read_text())
    assert bake_keys(tmp_path / "other", environment={}) is None
    assert not (tmp_path / "other").exists()


def test_a_build_told_to_trust_nonsense_ends(tmp_path: Path, key: Path) -> None:
    """Else nobody would notice before the first update is refused everywhere."""
    empty, short = tmp_path / "empty.pub", tmp_path / "short.pub"
    empty.write_text("# no key\n")
    short.write_text(base64.b64encode(b"x" * 31).decode())

    for named in (empty, short, tmp_path / "missing.pub"):
        with pytest.raises(SigningRefused):
            bake_keys(tmp_path / "work", environment={KEY_VARIABLE: str(named)})
