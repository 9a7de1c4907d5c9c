"""What is refused before a byte of it is fetched."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hms_desktop.updates.trusted import UpdateRefused, is_newer, judge
from hms_server.contract.updates import InstallerKind, SignedManifest
from tests.desktop.updates.lines import KEYS, OTHER, PRIVATE, manifest_of, signed, workstation

CONTENT = b"a program"


def refusal(offered: SignedManifest, keys: tuple[bytes, ...] = KEYS, **mine: Any) -> str:
    with pytest.raises(UpdateRefused) as refused:
        judge(offered, workstation(**mine), keys)
    return str(refused.value)


def test_what_was_signed_for_this_machine_and_is_newer_is_taken() -> None:
    manifest = manifest_of(CONTENT)

    assert judge(signed(manifest), workstation(), KEYS) == manifest


def test_one_of_several_keys_suffices() -> None:
    """A version with both keys leads from the old one to the new one."""
    both = (OTHER.public_key().public_bytes_raw(), *KEYS)

    assert judge(signed(manifest_of(CONTENT), PRIVATE), workstation(), both)
    assert judge(signed(manifest_of(CONTENT), OTHER), workstation(), both)


def test_a_build_without_a_key_trusts_nothing() -> None:
    assert "built without a key" in refusal(signed(manifest_of(CONTENT)), keys=())


def test_somebody_elses_signature_is_refused() -> None:
    assert "not signed" in refusal(signed(manifest_of(CONTENT), OTHER))


@given(st.integers(0, 200), st.integers(1, 255))
def test_a_description_changed_by_one_bit_is_refused(place: int, change: int) -> None:
    whole = signed(manifest_of(CONTENT))
    changed = bytearray(whole.manifest)
    changed[place % len(changed)] ^= change

    assert "not signed" in refusal(SignedManifest(manifest=bytes(changed), signature=whole.signature))


@given(st.binary(max_size=100))
def test_what_is_no_signature_is_refused(signature: bytes) -> None:
    whole = signed(manifest_of(CONTENT))

    assert "not signed" in refusal(SignedManifest(manifest=whole.manifest, signature=signature))


@pytest.mark.parametrize(
    "differing", [{"platform": "win32"}, {"arch": "aarch64"}, {"kind": InstallerKind.DEB}]
)
def test_an_update_for_another_machine_is_refused(differing: dict[str, Any]) -> None:
    assert "another kind of machine" in refusal(signed(manifest_of(CONTENT, **differing)))


@pytest.mark.parametrize("version", ["0.1.9", "0.2.0", "0.2", "0.2.0rc1"])
def test_a_step_back_is_refused_also_when_it_is_signed(version: str) -> None:
    """An old version with a known hole stays signed for ever."""
    sentence = refusal(signed(manifest_of(CONTENT, version=version)))

    assert "not newer than 0.2.0" in sentence


def test_a_signed_description_that_says_nothing_is_refused() -> None:
    content = b'{"version": "0.3.0"}'
    broken = SignedManifest(manifest=content, signature=PRIVATE.sign(b"hms desktop update v1\0" + content))

    assert "cannot be read" in refusal(broken)


def test_a_signature_for_another_purpose_is_worth_nothing() -> None:
    whole = signed(manifest_of(CONTENT))
    bare = SignedManifest(manifest=whole.manifest, signature=PRIVATE.sign(whole.manifest))

    assert "not signed" in refusal(bare)


def test_what_is_no_version_is_newer_than_nothing() -> None:
    assert not is_newer("garbage", "0.1.0")
    assert not is_newer("0.2.0", "0")
