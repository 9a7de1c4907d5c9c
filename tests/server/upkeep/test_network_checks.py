"""The doctor looks at what stands between server and workstations; ports are really taken."""

import socket
import threading
import time
from pathlib import Path
from typing import cast

import pytest
from zeroconf import Zeroconf

from hms_server.contract.pairing import fingerprint
from hms_server.keys import load_or_create
from hms_server.upkeep import network_checks as checks
from hms_server.upkeep.checking import Ran, Verdict
from hms_server.upkeep.firewall import Opinion, covers, opinions
from hms_server.upkeep.neighbours import Seen, SeenServer, describe_all, look_around
from hms_server.upkeep.processes import holder_of, is_ours
from tests.server.desk import Desk
from tests.server.upkeep.grounds import ground, programs, says, server_row

PORTS = (7717, 7718)
UFW = """Status: active

To                         Action      From
--                         ------      ----
22/tcp                     ALLOW       Anywhere
{rule}
"""
NFT = """table inet filter {{
\tchain input {{
\t\ttype filter hook input priority filter; policy {policy};
\t\tct state established,related accept
\t\t{rule}
\t}}
}}
"""
NETSH = """
Rule Name:                            Clinic server
----------------------------------------------------------------------
Enabled:                              {enabled}
Direction:                            In
LocalPort:                            7717-7718
Action:                               Allow
"""


def test_a_port_that_another_program_has_is_found_with_its_name(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        answer = checks.check_port(ground(tmp_path, port=taken.getsockname()[1]))
        holder = holder_of(taken.getsockname()[1])

    assert says(answer) is Verdict.WRONG
    assert holder is not None
    assert f"process {holder.pid}" in answer.sentence
    assert not is_ours(holder)


def test_a_port_that_nobody_has_is_good(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as once:
        port = once.getsockname()[1]

    answer = checks.check_port(ground(tmp_path, port=port))

    assert says(answer) is Verdict.GOOD
    assert "does not run" in answer.sentence


def test_a_port_of_somebody_who_does_not_show_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "holder_of", lambda _port: None)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        answer = checks.check_port(ground(tmp_path, port=taken.getsockname()[1]))

    assert says(answer) is Verdict.WRONG
    assert "another user" in answer.sentence


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7717/tcp\n7718/tcp", True),
        ("7717:7718/tcp", True),
        ("tcp dport { 7717, 7718 } accept", True),
        ("7000-8000/tcp", True),
        ("7717/tcp", False),
        ("17717 77180", False),
        ("", False),
    ],
)
def test_ports_are_read_in_every_way_of_writing(text: str, *, expected: bool) -> None:
    assert covers(text, PORTS) is expected


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({}, {}),
        ({"ufw status": Ran(0, "Status: inactive\n")}, {"ufw": Opinion.OFF}),
        ({"ufw status": Ran(1, "ERROR: You need to be root")}, {"ufw": Opinion.HIDDEN}),
        ({"ufw status": Ran(0, UFW.format(rule=""))}, {"ufw": Opinion.CLOSED}),
        (
            {"ufw status": Ran(0, UFW.format(rule="7717:7718/tcp              ALLOW       192.168.1.0/24"))},
            {"ufw": Opinion.OPEN},
        ),
        (
            {"ufw status": Ran(0, UFW.format(rule="7717:7718/tcp              DENY        Anywhere"))},
            {"ufw": Opinion.CLOSED},
        ),
        ({"firewall-cmd --state": Ran(252, "not running")}, {"firewalld": Opinion.OFF}),
        (
            {
                "firewall-cmd --state": Ran(0, "running"),
                "firewall-cmd --list-ports": Ran(0, "7717-7718/tcp 5353/udp"),
            },
            {"firewalld": Opinion.OPEN},
        ),
        (
            {"firewall-cmd --state": Ran(0, "running"), "firewall-cmd --list-ports": Ran(0, "")},
            {"firewalld": Opinion.CLOSED},
        ),
        ({"firewall-cmd --state": Ran(0, "running")}, {"firewalld": Opinion.HIDDEN}),
        ({"nft list ruleset": Ran(1, "Operation not permitted")}, {"nftables": Opinion.HIDDEN}),
        ({"nft list ruleset": Ran(0, "")}, {"nftables": Opinion.OFF}),
        (
            {"nft list ruleset": Ran(0, NFT.format(policy="accept", rule="tcp dport 22 drop"))},
            {"nftables": Opinion.OFF},
        ),
        (
            {"nft list ruleset": Ran(0, NFT.format(policy="drop", rule="tcp dport 22 accept"))},
            {"nftables": Opinion.CLOSED},
        ),
        (
            {"nft list ruleset": Ran(0, NFT.format(policy="drop", rule="tcp dport { 7717, 7718 } accept"))},
            {"nftables": Opinion.OPEN},
        ),
        ({"iptables -S INPUT": Ran(4, "Permission denied")}, {"iptables": Opinion.HIDDEN}),
        ({"iptables -S INPUT": Ran(0, "-P INPUT ACCEPT")}, {"iptables": Opinion.OFF}),
        (
            {"iptables -S INPUT": Ran(0, "-P INPUT DROP\n-A INPUT -p tcp --dport 22 -j ACCEPT")},
            {"iptables": Opinion.CLOSED},
        ),
        (
            {"iptables -S INPUT": Ran(0, "-P INPUT DROP\n-A INPUT -p tcp --dport 7717:7718 -j ACCEPT")},
            {"iptables": Opinion.OPEN},
        ),
        (
            {"netsh advfirewall show currentprofile state": Ran(0, "State        OFF")},
            {"Windows": Opinion.OFF},
        ),
        (
            {
                "netsh advfirewall show currentprofile state": Ran(0, "State        ON"),
                "netsh advfirewall firewall show rule name=all dir=in": Ran(0, NETSH.format(enabled="Yes")),
            },
            {"Windows": Opinion.OPEN},
        ),
        (
            {
                "netsh advfirewall show currentprofile state": Ran(0, "State        ON"),
                "netsh advfirewall firewall show rule name=all dir=in": Ran(0, NETSH.format(enabled="No")),
            },
            {"Windows": Opinion.CLOSED},
        ),
        (
            {"netsh advfirewall show currentprofile state": Ran(0, "Status        EIN")},
            {"Windows": Opinion.HIDDEN},
        ),
    ],
)
def test_what_each_firewall_says(answers: dict[str, Ran], expected: dict[str, Opinion]) -> None:
    assert opinions(programs(answers), PORTS) == expected


@pytest.mark.parametrize(
    ("answers", "verdict"),
    [
        ({}, Verdict.GOOD),
        ({"ufw status": Ran(0, UFW.format(rule=""))}, Verdict.WRONG),
        ({"ufw status": Ran(0, UFW.format(rule="7717:7718/tcp ALLOW Anywhere"))}, Verdict.GOOD),
        ({"nft list ruleset": Ran(1, "")}, Verdict.UNKNOWN),
    ],
)
def test_a_closed_firewall_is_found(tmp_path: Path, answers: dict[str, Ran], verdict: Verdict) -> None:
    near = ground(tmp_path, port=7717, pairing_port=7718, run=programs(answers))

    assert says(checks.check_firewall(near)) is verdict


def test_this_machine_hears_what_it_announces(tmp_path: Path) -> None:
    """On the loopback alone, so that nobody outside hears it."""
    near = ground(tmp_path, look_around=lambda: look_around(only_here=True))

    assert says(checks.check_multicast(near)) is Verdict.GOOD


def test_blocked_announcements_are_found(tmp_path: Path) -> None:
    near = ground(tmp_path, look_around=lambda: Seen(trouble="Network is unreachable"))

    answer = checks.check_multicast(near)

    assert says(answer) is Verdict.WRONG
    assert "5353" in answer.remedy
    assert says(checks.check_other_server(near)) is Verdict.UNKNOWN


def test_looking_round_leaves_no_thread() -> None:
    look_around(only_here=True, look_s=0.2)

    assert not [each for each in threading.enumerate() if "zeroconf" in each.name.lower()]


@pytest.mark.parametrize(
    ("addresses", "verdict"),
    [(["192.0.2.7"], Verdict.GOOD), (["192.0.2.9"], Verdict.NOTE), ([], Verdict.WRONG)],
)
def test_the_address_in_the_network(tmp_path: Path, addresses: list[str], verdict: Verdict) -> None:
    near = ground(tmp_path, server=server_row(), addresses=lambda: [*addresses, "127.0.0.1"])

    assert says(checks.check_address(near)) is verdict


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("clinic-server", Verdict.GOOD),
        ("clinic.example.org", Verdict.GOOD),
        ("localhost", Verdict.WRONG),
        ("localhost.localdomain", Verdict.WRONG),
        ("Klinik_Süd", Verdict.WRONG),
        ("", Verdict.WRONG),
    ],
)
def test_the_name_of_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, verdict: Verdict
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: name)

    assert says(checks.check_host_name(ground(tmp_path))) is verdict


@pytest.mark.parametrize(
    ("clinic", "own", "epoch", "verdict"),
    [
        ("Sunrise Clinic", False, "0", Verdict.WRONG),
        ("Sunrise Clinic", True, "0", Verdict.GOOD),
        # One that came back beside the clinic that was restored from its backup.
        ("Sunrise Clinic", True, "29997423787868160", Verdict.WRONG),
        # An older program does not say which past it has.
        ("Sunrise Clinic", True, "", Verdict.GOOD),
        ("Another Clinic", False, "0", Verdict.NOTE),
    ],
)
def test_a_second_server_with_other_keys_or_another_past_is_found(
    tmp_path: Path, desk: Desk, clinic: str, epoch: str, verdict: Verdict, *, own: bool
) -> None:
    ours = fingerprint(load_or_create(tmp_path / "keys.json").public_key)
    seen = SeenServer(
        clinic=clinic,
        fingerprint=ours if own else "ffff-ffff",
        addresses=["192.0.2.9"],
        port=7717,
        version="0.1.0",
        epoch=epoch,
    )

    with desk.connect() as connection:
        near = ground(
            tmp_path, connection=connection, look_around=lambda: Seen(heard_itself=True, servers=[seen])
        )
        assert says(checks.check_other_server(near)) is verdict


@pytest.mark.parametrize(
    ("addresses", "embedded", "verdict"),
    [
        (["192.0.2.9", "127.0.0.1"], True, Verdict.WRONG),
        # This very server, whose database does not answer.
        (["192.0.2.7", "127.0.0.1"], True, Verdict.GOOD),
        (["127.0.0.1"], True, Verdict.GOOD),
        # A second server, whose database is away.
        (["192.0.2.9", "127.0.0.1"], False, Verdict.GOOD),
    ],
)
def test_a_lost_server_that_refuses_to_start_says_where_its_clinic_goes_on(
    tmp_path: Path, addresses: list[str], verdict: Verdict, *, embedded: bool
) -> None:
    """Then no database answers that could be asked for its past."""
    (tmp_path / "postgres" / "cluster").mkdir(parents=True)
    twin = SeenServer(
        clinic="Sunrise Clinic",
        fingerprint=fingerprint(load_or_create(tmp_path / "keys.json").public_key),
        addresses=addresses,
        port=7717,
        version="0.1.0",
    )
    near = ground(
        tmp_path,
        embedded=embedded,
        addresses=lambda: ["192.0.2.7"],
        look_around=lambda: Seen(heard_itself=True, servers=[twin]),
    )

    assert says(checks.check_other_server(near)) is verdict


def test_servers_that_do_not_answer_are_waited_for_together() -> None:
    """Anybody may announce any number of them, and a start waits until all were asked."""
    waited_ms: list[int] = []

    class Deaf:
        def get_service_info(self, _type: str, _name: str, timeout: int) -> None:
            waited_ms.append(timeout)
            time.sleep(timeout / 1000)

    found = describe_all(cast("Zeroconf", Deaf()), [f"hms-{number}" for number in range(50)], within_s=0.1)

    assert found == []
    assert len(waited_ms) == 50
    assert sum(waited_ms) <= 100
