"""A server announces itself and is found, on this machine's own loopback only."""

import threading
from itertools import count
from queue import SimpleQueue

import pytest
from zeroconf import ServiceInfo

from hms_desktop.connection.discovery import Browser, Found, discover, read
from hms_desktop.connection.endpoints import DeskAddress
from hms_desktop.connection.identity import new_key_pair
from hms_server.announce import Announcement, Announcer, local_addresses, service_info
from hms_server.contract.pairing import SERVICE_TYPE, fingerprint

PATIENCE_S = 60.0
"""For whatever must happen; a good machine never waits so long."""
LOOPBACK = ["127.0.0.1"]
KEY = new_key_pair().public_key
ANNOUNCEMENT = Announcement(
    clinic_name="Harmony Clinic – Ọ̀ṣun", public_key=KEY, port=7717, pairing_port=7799, version="0.1.0"
)


def mine(found: list[Found]) -> list[Found]:
    """Other tests on this machine may announce their own servers at the same time."""
    return [server for server in found if server.fingerprint == fingerprint(KEY)]


def discovered(enough: int) -> list[Found]:
    return discover(PATIENCE_S, interfaces=LOOPBACK, enough=enough)


def test_an_announced_server_is_found_with_all_that_pairing_needs() -> None:
    announcer = Announcer(ANNOUNCEMENT, addresses=lambda: LOOPBACK)
    announcer.start()
    assert announcer.is_announced.wait(PATIENCE_S)

    found = next(filter(None, (mine(discovered(enough)) for enough in count(1))))
    announcer.stop()

    assert found == [
        Found(
            name="Harmony Clinic – Ọ̀ṣun",
            fingerprint=fingerprint(KEY),
            version="0.1.0",
            protocol=1,
            desks=(DeskAddress("127.0.0.1", 7799),),
            servers=("tcp://127.0.0.1:7717",),
        )
    ]


def test_a_browser_tells_when_a_server_comes_and_when_it_goes() -> None:
    news: SimpleQueue[list[Found]] = SimpleQueue()
    announcer = Announcer(ANNOUNCEMENT, addresses=lambda: LOOPBACK)

    with Browser(news.put, interfaces=LOOPBACK):
        announcer.start()
        while not (come := mine(news.get(timeout=PATIENCE_S))):
            pass
        announcer.stop()
        while mine(news.get(timeout=PATIENCE_S)):
            pass

    assert len(come) == 1


@pytest.mark.allow_log("there is no network")
def test_an_address_that_appears_later_is_announced_then() -> None:
    addresses: list[str] = []
    announcer = Announcer(ANNOUNCEMENT, addresses=lambda: list(addresses), look_every_s=0.05)

    announcer.start()
    early = announcer.is_announced.wait(0.3)
    addresses.append("127.0.0.1")
    late = announcer.is_announced.wait(PATIENCE_S)
    announcer.stop()

    assert (early, late) == (False, True)


@pytest.mark.allow_log("not announced in the network")
def test_a_network_that_fails_is_one_log_line_and_no_crash() -> None:
    tries = threading.Semaphore(0)

    def fail() -> list[str]:
        tries.release()
        raise OSError("Network is unreachable")

    announcer = Announcer(ANNOUNCEMENT, addresses=fail, look_every_s=0.01)
    announcer.start()
    tried = [tries.acquire(timeout=PATIENCE_S) for _ in range(3)]
    announcer.stop()

    assert tried == [True, True, True]


# zeroconf itself leaves a socket open when it cannot join a network.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.allow_log("cannot look for servers")
def test_a_browser_that_cannot_listen_finds_nothing_and_says_why() -> None:
    assert discover(0.1, interfaces=["203.0.113.7"]) == []


def test_the_announced_addresses_are_no_loopback() -> None:
    assert not [address for address in local_addresses() if address.startswith(("127.", "169.254."))]


def test_a_long_name_is_cut_between_characters() -> None:
    long = Announcement(clinic_name="Ọ" * 300, public_key=KEY, port=1, pairing_port=2, version="1")

    found = read(service_info(long, LOOPBACK))

    assert found is not None
    assert set(found.name) == {"Ọ"}


@pytest.mark.parametrize(
    "properties",
    [
        {},
        {"fingerprint": "A", "pairing": "0", "protocol": "1"},
        {"fingerprint": "A", "pairing": "70000", "protocol": "1"},
        {"fingerprint": "A", "pairing": "-1", "protocol": "1"},
        {"fingerprint": "A", "pairing": "7718", "protocol": "one"},
        {"pairing": "7718", "protocol": "1"},
        {"fingerprint": b"\xff\xfe", "pairing": b"\xff", "protocol": "1"},
        {"fingerprint": "A", "pairing": None, "protocol": "1"},
    ],
)
def test_an_announcement_that_makes_no_sense_is_passed_over(properties: dict[str, str | None]) -> None:
    info = ServiceInfo(
        SERVICE_TYPE, f"x.{SERVICE_TYPE}", port=1, parsed_addresses=LOOPBACK, properties=properties
    )

    assert read(info) is None


def test_a_name_from_the_network_cannot_steer_the_screen() -> None:
    properties = {"fingerprint": "A", "pairing": "1", "protocol": "1", "name": "Evil\x1b[2J\u202eclinic\n"}
    info = ServiceInfo(
        SERVICE_TYPE, f"x.{SERVICE_TYPE}", port=1, parsed_addresses=LOOPBACK, properties=properties
    )

    found = read(info)

    assert found is not None
    assert found.name == "Evil[2Jclinic"
