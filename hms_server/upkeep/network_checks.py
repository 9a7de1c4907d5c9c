"""Checks of what stands between the server and its workstations."""

import re
import socket
import sys

from hms_server.contract.pairing import fingerprint
from hms_server.epoch import epoch_text
from hms_server.keys import KeyFileError, load
from hms_server.upkeep.checking import Answer, Ground, good, note, unknown, wrong
from hms_server.upkeep.firewall import Opinion, opinions
from hms_server.upkeep.neighbours import SeenServer
from hms_server.upkeep.processes import holder_of, is_ours

HERE = "127.0.0.1"
_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")


def check_port(ground: Ground) -> Answer:
    """Whether the server has its port, and who else has it."""
    holder = holder_of(ground.port)
    if holder is not None and is_ours(holder):
        return good(f"The server listens on port {ground.port}.")
    if holder is not None:
        return wrong(
            f"Port {ground.port} is taken by {holder.name()} (process {holder.pid}).",
            "Stop that program, or start the server with another port: “hms-server run --port”.",
        )
    if _is_free(ground.port):
        return good(f"Port {ground.port} is free; the server does not run.")
    return wrong(
        f"Port {ground.port} is taken by a program of another user.",
        "Run “hms-server doctor” as administrator to see which, and stop it.",
    )


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        if sys.platform != "win32":
            # A connection that has just ended does not keep a server from starting.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError:
            return False
        return True


def check_firewall(ground: Ground) -> Answer:
    """Whether this machine's own firewall lets workstations in, as far as that can be read."""
    ports = (ground.port, ground.pairing_port)
    found = opinions(ground.run, ports)
    closed = [name for name, opinion in found.items() if opinion is Opinion.CLOSED]
    listed = " and ".join(str(port) for port in ports)
    if closed:
        return wrong(
            f"The firewall ({closed[0]}) does not let workstations reach ports {listed}.",
            f"Allow TCP ports {listed} there, such as “sudo ufw allow {ports[0]}:{ports[1]}/tcp”.",
        )
    if any(opinion is Opinion.HIDDEN for opinion in found.values()):
        return unknown(
            "The rules of the firewall cannot be read by this user.",
            "Run “hms-server doctor” as administrator (sudo).",
        )
    if any(opinion is Opinion.OPEN for opinion in found.values()):
        return good(f"The firewall lets workstations reach ports {listed}.")
    return good("No firewall is switched on on this machine.")


def check_multicast(ground: Ground) -> Answer:
    """Whether workstations can find the server by themselves."""
    seen = ground.seen
    if seen.heard_itself:
        count = len(seen.servers)
        servers = "one server" if count == 1 else f"{count} servers"
        return good(f"Announcements reach this machine again; {servers} seen.")
    return wrong(
        f"What this machine announces is not heard{f' ({seen.trouble})' if seen.trouble else ''}.",
        "Allow UDP port 5353 (mDNS) in the firewall and the switch, or type the server's address on the "
        "workstations.",
    )


def check_address(ground: Ground) -> Answer:
    """Whether the machine is in a network, and still where it was."""
    addresses = [each for each in ground.addresses() if each != HERE]
    if not addresses:
        return wrong(
            "This machine has no address in a local network.",
            "Plug the network cable in, and look that the router gives addresses (DHCP).",
        )
    told = set(ground.server.addresses) - {HERE} if ground.server else set(addresses)
    listed = ", ".join(addresses)
    if told.isdisjoint(addresses):
        return note(
            f"The address has changed from {', '.join(sorted(told))} to {listed}.",
            "Workstations follow by themselves. Let the router always give this machine the same address.",
        )
    return good(f"Workstations reach this machine at {listed}.")


def check_host_name(_ground: Ground) -> Answer:
    """Whether the machine has a name under which people can tell it from others."""
    name = socket.gethostname()
    if name.partition(".")[0].lower() in ("localhost", ""):
        return wrong(
            "This machine is called “localhost”, as every machine calls itself.",
            "Give it a name of its own, such as “sudo hostnamectl set-hostname clinic-server”.",
        )
    if not all(_LABEL.fullmatch(part) for part in name.rstrip(".").split(".")):
        return wrong(
            f"The name of this machine, “{name}”, has signs that a network does not understand.",
            "Use letters, digits and dashes alone, such as “clinic-server”.",
        )
    return good(f"This machine is called {name}.")


def check_other_server(ground: Ground) -> Answer:
    """Whether another server says that it is this clinic, with keys or with a past of its own."""
    if ground.seen.trouble:
        return unknown("Other servers cannot be seen, since announcements are not heard.")
    ours = _fingerprint(ground)
    if (split := _other_past(ground, ours)) is not None:
        where = ", ".join(split.addresses) or "an unknown address"
        return wrong(
            f"A server at {where} has this clinic's keys and other records: one of the two was restored or "
            "lost. Workstations trust both, so what is entered goes to either.",
            "Switch the wrong one off at once, mostly the older machine, and never start it again.",
        )
    clinic = ground.value("select name from clinic")
    others = [each for each in ground.seen.servers if each.fingerprint and each.fingerprint != ours]
    same = [each for each in others if clinic is not None and each.clinic == clinic]
    if same:
        where = ", ".join(same[0].addresses) or "an unknown address"
        return wrong(
            f"Another server at {where} also calls itself “{clinic}”, with other keys.",
            "Switch the wrong one off. A second server of this clinic is joined with “hms-server join”.",
        )
    if others:
        names = ", ".join(sorted({each.clinic or "no name" for each in others}))
        return note(f"Servers of other clinics are in this network: {names}.")
    return good("No other server uses this clinic's name.")


def _other_past(ground: Ground, ours: str) -> SeenServer | None:
    """A server of the same keys whose records began anew at another moment; older programs do not say."""
    twins = [each for each in ground.seen.servers if ours and each.fingerprint == ours]
    if ground.connection is not None:
        epoch = epoch_text(ground.connection)
        return next((each for each in twins if each.epoch not in ("", epoch)), None)
    # A lost server that refuses to start has no database that could be asked. Only one machine at a time
    # has the records of an embedded one.
    here = set(ground.addresses())
    far = [each for each in twins if _reached_at(each) and here.isdisjoint(_reached_at(each))]
    return far[0] if far and _keeps_records(ground) else None


def _reached_at(server: SeenServer) -> set[str]:
    return set(server.addresses) - {HERE}


def _keeps_records(ground: Ground) -> bool:
    return ground.embedded and (ground.data_dir / "postgres" / "cluster").exists()


def _fingerprint(ground: Ground) -> str:
    path = ground.data_dir / "keys.json"
    try:
        return fingerprint(load(path).public_key) if path.exists() else ""
    except (KeyFileError, OSError):
        return ""
