"""What Windows' own programs are told about the service: account, rights, restarts and the firewall.

Each function gives the words of one command, so that a test holds them without Windows. Accounts stand as
security identifiers, since their names differ from language to language.
"""

import hashlib
import struct
from collections.abc import Sequence
from pathlib import PureWindowsPath

from hms_server.config import PORT
from hms_server.contract.pairing import PAIRING_PORT

NAME = "hms-server"
TITLE = "HMS clinic server"
DESCRIPTION = "Keeps the records of the clinic and serves its workstations."
ACCOUNT = rf"NT SERVICE\{NAME}"
"""Made by Windows for this service alone; it has no password and no rights beyond its own folder."""
SYSTEM = "*S-1-5-18"
ADMINISTRATORS = "*S-1-5-32-544"
MDNS_PORT = 5353
RULES = (f"{NAME}-tcp", f"{NAME}-mdns")
RESTARTS_MS = (5_000, 30_000, 60_000)
FORGET_FAILURES_AFTER_S = 86_400

Command = Sequence[str]


def service_sid(name: str = NAME) -> str:
    """The identifier of a service's own account: SHA-1 of its name in capitals (MS-DTYP, 2.4.2.4)."""
    digest = hashlib.sha1(name.upper().encode("utf-16-le"), usedforsecurity=False).digest()
    return "S-1-5-80-" + "-".join(str(part) for part in struct.unpack("<5I", digest))


def install(program: PureWindowsPath, data_dir: PureWindowsPath) -> list[Command]:
    """Makes the service; it starts after the network at every boot, and again after a failure."""
    return [
        _sc("create", "binPath=", _bin_path(program, data_dir), "DisplayName=", TITLE, "type=", "own"),
        *configure(program, data_dir),
    ]


def configure(program: PureWindowsPath, data_dir: PureWindowsPath) -> list[Command]:
    """Brings a service that is there to what this version wants of it."""
    restarts = "/".join(f"restart/{pause_ms}" for pause_ms in RESTARTS_MS)
    return [
        _sc("config", "binPath=", _bin_path(program, data_dir), "start=", "delayed-auto", "obj=", ACCOUNT),
        _sc("config", "depend=", "Tcpip"),
        _sc("description", DESCRIPTION),
        _sc("sidtype", "unrestricted"),
        _sc("failure", "reset=", str(FORGET_FAILURES_AFTER_S), "actions=", restarts),
        # Also after an end with an error code, not only after a crash.
        _sc("failureflag", "1"),
    ]


def remove() -> list[Command]:
    """Takes the service and its rules away; the data stays."""
    return [*close_firewall(), _sc("delete")]


def hold() -> list[Command]:
    """Nobody starts the service any more, Windows' own restarts included, until it is installed again."""
    return [_sc("config", "start=", "disabled")]


def protect(data_dir: PureWindowsPath) -> list[Command]:
    """Nobody but the service, the system and its administrators gets into the data."""
    full = [f"{who}:(OI)(CI)F" for who in (f"*{service_sid()}", SYSTEM, ADMINISTRATORS)]
    return [
        # Whoever has made the folder beforehand would otherwise decide over it.
        ["icacls", str(data_dir), "/setowner", ADMINISTRATORS, "/Q"],
        ["icacls", str(data_dir), "/inheritance:r", "/grant:r", *full, "/Q"],
    ]


def let_in(data_dir: PureWindowsPath, user: str) -> Command:
    """PostgreSQL gives up an administrator's group before it starts, so that the person counts by name."""
    return ["icacls", str(data_dir), "/grant", f"{user}:(OI)(CI)F", "/Q"]


def keep_out(data_dir: PureWindowsPath, user: str) -> Command:
    """Takes back what `let_in` gave."""
    return ["icacls", str(data_dir), "/remove:g", user, "/Q"]


def open_firewall(program: PureWindowsPath) -> list[Command]:
    """For this program, its two ports and the announcement, on networks that are marked as private only."""
    tcp, mdns = RULES
    ports = f"localport={PORT},{PAIRING_PORT}"
    return [
        *close_firewall(),
        _allow(tcp, program, "protocol=TCP", ports),
        _allow(mdns, program, "protocol=UDP", f"localport={MDNS_PORT}"),
    ]


def close_firewall() -> list[Command]:
    """Takes the rules away; it is no failure where there are none."""
    return [["netsh", "advfirewall", "firewall", "delete", "rule", f"name={rule}"] for rule in RULES]


def may_fail(command: Command) -> bool:
    """Whether the command only takes away what may not be there."""
    return "delete" in command[:4] and command[0] == "netsh"


def _sc(verb: str, *words: str) -> Command:
    return ["sc.exe", verb, NAME, *words]


def _allow(rule: str, program: PureWindowsPath, *which: str) -> Command:
    return [
        "netsh",
        "advfirewall",
        "firewall",
        "add",
        "rule",
        f"name={rule}",
        "dir=in",
        "action=allow",
        *which,
        f"program={program}",
        "profile=private",
        "enable=yes",
    ]


def _bin_path(program: PureWindowsPath, data_dir: PureWindowsPath) -> str:
    return f'"{program}" --data-dir "{data_dir}" service dispatch'
