"""Reads the firewalls of Linux and Windows, as far as their own programs show them."""

import re
from collections.abc import Callable, Iterable, Sequence
from enum import Enum

from hms_server.upkeep.checking import Ran

Run = Callable[..., Ran | None]

_NUMBERS = re.compile(r"(?<![\d.])(\d{1,5})(?:[-:](\d{1,5}))?(?![\d.])")


class Opinion(Enum):
    """What one firewall thinks of the server's ports."""

    OFF = "off"
    OPEN = "open"
    CLOSED = "closed"
    HIDDEN = "hidden"
    """It is there, and shows its rules only to the administrator."""


def opinions(run: Run, ports: Sequence[int]) -> dict[str, Opinion]:
    """What each firewall of this machine says, by its name; one that is not installed says nothing."""
    readers: dict[str, Callable[[Run, Sequence[int]], Opinion | None]] = {
        "ufw": _ufw,
        "firewalld": _firewalld,
        "nftables": _nftables,
        "iptables": _iptables,
        "Windows": _windows,
    }
    found = {name: read(run, ports) for name, read in readers.items()}
    return {name: opinion for name, opinion in found.items() if opinion is not None}


def covers(text: str, ports: Iterable[int]) -> bool:
    """Whether every port stands in the text, alone or inside of a range such as 7717:7718."""
    ranges = [(int(low), int(high or low)) for low, high in _NUMBERS.findall(text)]
    return all(any(low <= port <= high for low, high in ranges) for port in ports)


def _ufw(run: Run, ports: Sequence[int]) -> Opinion | None:
    shown = run("ufw", "status")
    if shown is None:
        return None
    if shown.code != 0:
        return Opinion.HIDDEN
    if "Status: active" not in shown.out:
        return Opinion.OFF
    allowed = "\n".join(line.partition("ALLOW")[0] for line in shown.out.splitlines() if "ALLOW" in line)
    return Opinion.OPEN if covers(allowed, ports) else Opinion.CLOSED


def _firewalld(run: Run, ports: Sequence[int]) -> Opinion | None:
    state = run("firewall-cmd", "--state")
    if state is None:
        return None
    if "not running" in state.out:
        return Opinion.OFF
    shown = run("firewall-cmd", "--list-ports")
    if state.code != 0 or shown is None or shown.code != 0:
        return Opinion.HIDDEN
    return Opinion.OPEN if covers(shown.out, ports) else Opinion.CLOSED


def _nftables(run: Run, ports: Sequence[int]) -> Opinion | None:
    shown = run("nft", "list", "ruleset")
    if shown is None:
        return None
    if shown.code != 0:
        return Opinion.HIDDEN
    chains = re.findall(r"hook input[^{}]*?policy (\w+)", shown.out)
    if "drop" not in chains:
        return Opinion.OFF
    accepting = "\n".join(
        line for line in shown.out.splitlines() if "dport" in line and line.rstrip().endswith("accept")
    )
    return Opinion.OPEN if covers(accepting, ports) else Opinion.CLOSED


def _iptables(run: Run, ports: Sequence[int]) -> Opinion | None:
    shown = run("iptables", "-S", "INPUT")
    if shown is None:
        return None
    if shown.code != 0:
        return Opinion.HIDDEN
    if not re.search(r"^-P INPUT (DROP|REJECT)", shown.out, re.MULTILINE):
        return Opinion.OFF
    lines = [line for line in shown.out.splitlines() if line.endswith("-j ACCEPT")]
    accepting = "\n".join(line.partition("dport")[2] for line in lines if "dport" in line)
    return Opinion.OPEN if covers(accepting, ports) else Opinion.CLOSED


def _windows(run: Run, ports: Sequence[int]) -> Opinion | None:
    state = run("netsh", "advfirewall", "show", "currentprofile", "state")
    if state is None:
        return None
    if re.search(r"\bOFF\b", state.out):
        return Opinion.OFF
    if not re.search(r"\bON\b", state.out):
        # A Windows of another language says it in other words.
        return Opinion.HIDDEN
    shown = run("netsh", "advfirewall", "firewall", "show", "rule", "name=all", "dir=in")
    if shown is None or shown.code != 0:
        return Opinion.HIDDEN
    rules = re.split(r"\r?\n\r?\n", shown.out)
    open_rules = (rule for rule in rules if "Allow" in rule and re.search(r"Enabled:\s+Yes", rule))
    allowed = "\n".join(line for rule in open_rules for line in rule.splitlines() if "LocalPort" in line)
    return Opinion.OPEN if covers(allowed, ports) else Opinion.CLOSED
