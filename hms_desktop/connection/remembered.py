"""A connection that writes down where the clinic's servers were reached, for the next start."""

from collections.abc import Sequence
from typing import Protocol

import structlog

from hms_desktop.connection.client import Client
from hms_desktop.connection.identity import Pairing, PinnedServer
from hms_desktop.connection.pairings import PairingsError

log = structlog.get_logger()


class AddressBook(Protocol):
    """Where the pairing of this workstation is kept."""

    def remember(self, server: PinnedServer) -> None: ...


def remembered_client(
    pairing: Pairing, book: AddressBook, *, interfaces: Sequence[str] | None = None
) -> Client:
    """The client of a paired workstation; a book that cannot be written costs the next start some seconds."""

    def remember(server: PinnedServer) -> None:
        try:
            book.remember(server)
        except (PairingsError, OSError) as error:
            log.warning("the server's new address is not remembered", reason=str(error))

    client = Client(pairing.server, pairing.keys, interfaces=interfaces)
    client.on_moved(remember)
    return client
