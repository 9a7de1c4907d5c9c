"""What the server keeps for its workstations: nothing changed, unsigned or of another version."""

import os
from pathlib import Path

import msgspec
import pytest

from hms_server.contract.updates import SIGNED_SUFFIX, InstallerKind, SignedManifest
from hms_server.updates.catalogue import SPARED_BYTES, BadInstaller, Catalogue, is_whole
from tests.server.updates.installers import OTHER, PUBLIC, make_installer

KEYS = (PUBLIC,)


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    """Of a server of version 0.3.0."""
    return Catalogue(tmp_path / "updates", version="0.3.0")


def refusal(catalogue: Catalogue, path: Path, keys: tuple[bytes, ...] = KEYS) -> str:
    with pytest.raises(BadInstaller) as refused:
        catalogue.add(path, keys)
    assert catalogue.all() == []
    return str(refused.value)


def test_what_is_kept_is_found_by_what_the_workstation_is(catalogue: Catalogue, tmp_path: Path) -> None:
    path, manifest = make_installer(tmp_path / "stick")

    kept = catalogue.add(path, KEYS)

    assert kept.manifest == manifest
    assert kept.path.name == "hms-desktop-0.3.0-linux-x86_64.tar.gz"
    assert is_whole(kept)
    assert catalogue.find(platform="linux", arch="x86_64", kind="tar") == kept
    assert catalogue.find(platform="linux", arch="aarch64", kind="tar") is None
    assert catalogue.find(platform="linux", arch="x86_64", kind="deb") is None
    assert catalogue.find(platform="linux", arch="x86_64", kind="") is None


def test_only_the_server_may_read_what_it_keeps(catalogue: Catalogue, tmp_path: Path) -> None:
    path, _ = make_installer(tmp_path / "stick")

    kept = catalogue.add(path, KEYS)

    if os.name == "posix":
        assert kept.path.stat().st_mode & 0o077 == 0
        assert kept.path.parent.stat().st_mode & 0o077 == 0


def test_a_changed_installer_is_refused(catalogue: Catalogue, tmp_path: Path) -> None:
    path, _ = make_installer(tmp_path / "stick", content=b"a program")
    path.write_bytes(b"A program")

    assert "not the file that was signed" in refusal(catalogue, path)


def test_a_cut_installer_is_refused(catalogue: Catalogue, tmp_path: Path) -> None:
    path, _ = make_installer(tmp_path / "stick")
    path.write_bytes(b"a prog")

    assert "6 bytes" in refusal(catalogue, path)


def test_an_installer_signed_by_somebody_else_is_refused(catalogue: Catalogue, tmp_path: Path) -> None:
    path, _ = make_installer(tmp_path / "stick", private=OTHER)

    assert "not signed with a key that this server trusts" in refusal(catalogue, path)


def test_a_server_without_a_key_leaves_the_signature_to_the_workstations(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    path, _ = make_installer(tmp_path / "stick", private=OTHER)

    assert catalogue.add(path, ()).path.exists()


def test_an_installer_of_another_version_is_refused(catalogue: Catalogue, tmp_path: Path) -> None:
    path, _ = make_installer(tmp_path / "stick", version="0.4.0")

    sentence = refusal(catalogue, path)

    assert "0.4.0" in sentence
    assert "update it first" in sentence


def test_an_installer_without_its_description_is_refused(catalogue: Catalogue, tmp_path: Path) -> None:
    path, _ = make_installer(tmp_path / "stick")
    (path.parent / (path.name + SIGNED_SUFFIX)).unlink()

    assert f"{path.name}{SIGNED_SUFFIX} is missing" in refusal(catalogue, path)


@pytest.mark.parametrize("content", [b"", b"{}", b'{"manifest": 3}', b"\xff\xfe", b"[" * 200_000])
def test_a_damaged_description_is_refused(catalogue: Catalogue, tmp_path: Path, content: bytes) -> None:
    path, _ = make_installer(tmp_path / "stick")
    (path.parent / (path.name + SIGNED_SUFFIX)).write_bytes(content)

    assert "damaged" in refusal(catalogue, path)


def test_a_description_that_says_nothing_of_use_is_refused(catalogue: Catalogue, tmp_path: Path) -> None:
    path, _ = make_installer(tmp_path / "stick")
    empty = msgspec.json.encode(SignedManifest(manifest=b"{}", signature=b"s"))
    (path.parent / (path.name + SIGNED_SUFFIX)).write_bytes(empty)

    assert "cannot be read" in refusal(catalogue, path, ())


def test_a_missing_file_is_named(catalogue: Catalogue, tmp_path: Path) -> None:
    path, _ = make_installer(tmp_path / "stick")
    path.unlink()

    assert f"{path} cannot be read: No such file" in refusal(catalogue, path)


def test_the_database_keeps_its_room(tmp_path: Path) -> None:
    catalogue = Catalogue(tmp_path / "updates", version="0.3.0", free_bytes=lambda _: SPARED_BYTES)
    path, _ = make_installer(tmp_path / "stick")

    assert "1024 MB free" in refusal(catalogue, path)
    assert list((tmp_path / "updates").iterdir()) == []


def test_a_new_installer_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    old = Catalogue(tmp_path / "updates", version="0.2.0")
    old.add(make_installer(tmp_path / "stick", version="0.2.0")[0], KEYS)
    old.add(make_installer(tmp_path / "stick", version="0.2.0", arch="aarch64")[0], KEYS)
    now = Catalogue(tmp_path / "updates", version="0.3.0")

    now.add(make_installer(tmp_path / "stick", version="0.3.0")[0], KEYS)

    kept = [(kept.manifest.version, kept.manifest.arch) for kept in now.all()]
    assert kept == [("0.2.0", "aarch64"), ("0.3.0", "x86_64")]
    assert now.find(platform="linux", arch="aarch64", kind="tar") is None


def test_the_same_version_built_again_takes_its_place(catalogue: Catalogue, tmp_path: Path) -> None:
    catalogue.add(make_installer(tmp_path / "stick", content=b"one")[0], KEYS)
    catalogue.add(make_installer(tmp_path / "stick", content=b"two")[0], KEYS)

    (kept,) = catalogue.all()
    assert kept.path.read_bytes() == b"two"
    assert is_whole(kept)


def test_a_file_that_was_damaged_since_is_seen(catalogue: Catalogue, tmp_path: Path) -> None:
    kept = catalogue.add(make_installer(tmp_path / "stick")[0], KEYS)
    kept.path.write_bytes(b"B program")

    assert not is_whole(kept)


def test_removing_forgets_both_files(catalogue: Catalogue, tmp_path: Path) -> None:
    kept = catalogue.add(make_installer(tmp_path / "stick", kind=InstallerKind.DEB)[0], KEYS)

    catalogue.remove(kept.path.name)

    assert catalogue.all() == []
    assert list(kept.path.parent.iterdir()) == []
    with pytest.raises(BadInstaller, match="no installer"):
        catalogue.remove(kept.path.name)


def test_what_lies_there_and_is_none_is_passed_over(catalogue: Catalogue, tmp_path: Path) -> None:
    kept = catalogue.add(make_installer(tmp_path / "stick")[0], KEYS)
    (kept.path.parent / f"alone{SIGNED_SUFFIX}").write_bytes(b"{")
    (kept.path.parent / "readme.txt").write_text("hello")

    assert catalogue.all() == [kept]


def test_without_a_folder_there_is_never_an_update(tmp_path: Path) -> None:
    nowhere = Catalogue(None, version="0.3.0")

    assert nowhere.find(platform="linux", arch="x86_64", kind="tar") is None
    with pytest.raises(BadInstaller):
        nowhere.add(make_installer(tmp_path / "stick")[0], KEYS)
