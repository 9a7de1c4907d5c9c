"""Announces the server in the local network by zeroconf, so that nobody has to type an address."""

import ipaddress
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import ifaddr
import structlog
from zeroconf import Error, InterfaceChoice, ServiceInfo, Zeroconf

from hms_server.contract.envelope import PROTOCOL
from hms_server.contract.pairing import SERVICE_TYPE, fingerprint

log = structlog.get_logger()

LOOK_EVERY_S = 15.0
_VIRTUAL = ("docker", "veth", "br-", "virbr", "vmnet", "vboxnet")
"""Networks between a machine and its own guests, where no workstation is."""
_TXT_BYTES = 200


@dataclass(frozen=True, kw_only=True)
class Announcement:
    """What a workstation that looks for servers is told; nothing of it is trusted before pairing."""

    clinic_name: str
    public_key: str
    port: int
    pairing_port: int
    version: str
    epoch: str = ""
    """Of the records that it serves: another one than a server of the same key has is another past."""
    proof: str = ""
    """That the epoch comes from somebody with the clinic's keys."""


def local_addresses() -> list[str]:
    """The IPv4 addresses under which other machines reach this one; without a network there are none."""
    found = [
        ipaddress.ip_address(ip.ip)
        for adapter in ifaddr.get_adapters()
        if not adapter.name.startswith(_VIRTUAL)
        for ip in adapter.ips
        if isinstance(ip.ip, str)
    ]
    return sorted({str(address) for address in found if not (address.is_loopback or address.is_link_local)})


class Announcer:
    """Keeps the announcement true while cables and addresses change. Trouble with the network is its own."""

    def __init__(
        self,
        announcement: Announcement,
        *,
        addresses: Callable[[], Sequence[str]] = local_addresses,
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        self._announcement = announcement
        self._addresses = addresses
        self._look_every_s = look_every_s
        self._stopping = threading.Event()
        self._told_problem = ""
        self.is_announced = threading.Event()
        self._thread = threading.Thread(target=self._run, name="hms-announce", daemon=True)

    def start(self) -> None:
        """Returns at once: announcing takes a second, and a server should not wait for that."""
        self._thread.start()

    def stop(self) -> None:
        """Takes the announcement back."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                addresses = self._addresses()
                if addresses:
                    self._announce_while(addresses)
                    continue
                self._tell_problem("there is no network")
            except (OSError, Error) as error:
                self._tell_problem(str(error) or type(error).__name__)
            self._stopping.wait(self._look_every_s)

    def _announce_while(self, addresses: Sequence[str]) -> None:
        """Announces these addresses until the machine has others."""
        only_here = all(ipaddress.ip_address(address).is_loopback for address in addresses)
        zeroconf = Zeroconf(interfaces=list(addresses) if only_here else InterfaceChoice.All)
        try:
            zeroconf.register_service(service_info(self._announcement, addresses), allow_name_change=True)
            self._told_problem = ""
            self.is_announced.set()
            while not self._stopping.wait(self._look_every_s) and self._addresses() == addresses:
                pass
        finally:
            self.is_announced.clear()
            zeroconf.close()

    def _tell_problem(self, problem: str) -> None:
        if problem != self._told_problem:
            self._told_problem = problem
            log.warning("not announced in the network", problem=problem)


def service_info(announcement: Announcement, addresses: Sequence[str]) -> ServiceInfo:
    """The announcement as DNS records."""
    mark = fingerprint(announcement.public_key)
    machine = socket.gethostname().partition(".")[0] or "server"
    label = "".join(character if character.isalnum() else "-" for character in machine)[:30]
    return ServiceInfo(
        SERVICE_TYPE,
        f"hms-{mark[:4]}-{label}.{SERVICE_TYPE}",
        port=announcement.port,
        parsed_addresses=list(addresses),
        server=f"hms-{label}.local.",
        properties={
            "name": announcement.clinic_name.encode()[:_TXT_BYTES].decode(errors="ignore"),
            "fingerprint": mark,
            "pairing": str(announcement.pairing_port),
            "protocol": str(PROTOCOL),
            "version": announcement.version,
            "epoch": announcement.epoch,
            "proof": announcement.proof,
        },
    )
