"""Where this server is to be found: what it announces, what new workstations are told, who is beside it."""

from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import psycopg

from hms_server.announce import Announcement, Announcer, local_addresses
from hms_server.clock import Clock
from hms_server.config import Settings
from hms_server.contract.pairing import Handover, Invitation
from hms_server.epoch import epoch_proof, epoch_text
from hms_server.keys import ServerKeys, encode
from hms_server.neighbours import all_addresses, endpoint

EVERYWHERE = ("*", "0.0.0.0")  # noqa: S104 - a clinic's server listens to its whole network


class Presence:
    """`port` says where workstations connect; `tell` takes the addresses of all servers, again and again."""

    def __init__(
        self,
        settings: Settings,
        keys: ServerKeys,
        *,
        connect: Callable[[], psycopg.Connection[Any]],
        clock: Clock,
        port: Callable[[], int],
        tell: Callable[[list[str]], None],
    ) -> None:
        self._settings = settings
        self._keys = keys
        self._connect = connect
        self._clock = clock
        self._port = port
        self._tell = tell
        self._announcer: Announcer | None = None

    def start(self) -> None:
        """Begins to announce the server, where its settings want that."""
        with self._connect() as connection:
            self.look_around(connection)
        if self._settings.announce:
            self._announcer = Announcer(self._announcement(), addresses=self.addresses)
            self._announcer.start()

    def stop(self) -> None:
        """Takes the announcement back."""
        if self._announcer is not None:
            self._announcer.stop()

    def look_around(self, connection: psycopg.Connection[Any]) -> None:
        """A duty of the house: workstations hear with their next ping where else they may go."""
        self._tell(all_addresses(connection, self._endpoints(), self._clock()))

    def addresses(self) -> list[str]:
        """Where workstations reach this server; its own machine comes last."""
        if self._settings.bind not in EVERYWHERE:
            return [self._settings.bind]
        return [*local_addresses(), "127.0.0.1"]

    def invite(self, device_name: str) -> Invitation:
        """What a new workstation is told of the clinic, with the servers beside this one."""
        with self._connect() as connection:
            addresses = all_addresses(connection, self._endpoints(), self._clock())
        return Invitation(
            clinic_name=self._clinic_name(),
            device_name=device_name,
            public_key=self._keys.public_key,
            addresses=addresses,
        )

    def hand_over(self) -> Handover:
        """What a second server is given."""
        return Handover(clinic_name=self._clinic_name(), keys=encode(self._keys))

    def _endpoints(self) -> list[str]:
        port = self._port()
        return [endpoint(address, port) for address in self.addresses()]

    def _clinic_name(self) -> str:
        with self._connect() as connection:
            row = connection.execute("select name from clinic").fetchone()
        return str(row[0]) if row else ""

    def _epoch(self) -> str:
        with self._connect() as connection:
            return epoch_text(connection)

    def _announcement(self) -> Announcement:
        epoch = self._epoch()
        return Announcement(
            clinic_name=self._clinic_name(),
            public_key=self._keys.public_key,
            port=self._port(),
            pairing_port=self._settings.pairing_port,
            version=version("hms"),
            epoch=epoch,
            proof=epoch_proof(self._keys.audit_key, epoch),
        )
