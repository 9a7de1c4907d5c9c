"""Addresses as people type them."""

import pytest

from hms_desktop.connection.pairing import DeskAddress


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("192.168.1.10", DeskAddress("192.168.1.10", 7718)),
        (" clinic.local ", DeskAddress("clinic.local", 7718)),
        ("clinic.local:9000", DeskAddress("clinic.local", 9000)),
        ("tcp://10.0.0.5:7718", DeskAddress("10.0.0.5", 7718)),
        ("fe80::1", DeskAddress("fe80::1", 7718)),
        ("[fe80::1]", DeskAddress("fe80::1", 7718)),
        ("[fe80::1]:9000", DeskAddress("fe80::1", 9000)),
    ],
)
def test_an_address_may_be_a_name_or_a_number_with_or_without_a_port(
    typed: str, expected: DeskAddress
) -> None:
    assert DeskAddress.typed(typed) == expected


@pytest.mark.parametrize(
    "typed",
    ["", " ", ":7718", "clinic:zero", "clinic:0", "clinic:70000", "clinic:٧", "a b", "*", "a;b"],
)
def test_what_is_no_address_is_refused_with_an_example(typed: str) -> None:
    with pytest.raises(ValueError, match="such as 192"):
        DeskAddress.typed(typed)


def test_only_this_machine_itself_is_here() -> None:
    here = [host for host in ("127.0.0.1", "127.0.1.1", "localhost", "::1") if DeskAddress(host).is_here]
    elsewhere = [host for host in ("10.0.0.5", "clinic.local", "fe80::1") if DeskAddress(host).is_here]

    assert len(here) == 4
    assert elsewhere == []


def test_ipv6_is_put_into_brackets_for_zeromq() -> None:
    assert DeskAddress("fe80::1").endpoint(7717) == "tcp://[fe80::1]:7717"
    assert DeskAddress("clinic.local").endpoint(7717) == "tcp://clinic.local:7717"
