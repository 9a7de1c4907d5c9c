"""Which workspaces each role has, and how the panels of the slices are joined into them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from hms_desktop.printing.printer import Printer
from hms_desktop.session import Session
from hms_desktop.widgets.workspace import Workspace
from hms_server.contract.accounts import Clinic, SignedIn
from hms_server.contract.values import Role
from hms_server.contract.visits import TicketRow


class StationPanel(Protocol):
    """What the main panel of a station offers to the workspace around it, besides being a QWidget.

    It is built as `XPanel(session, clock=…, zone=…, …)`, listens to `session.event_arrived` and
    `session.events_missed` itself, and has the signal `sent_on` (no arguments), emitted once the server
    has stored that the patient goes on: the workspace then puts the focus back to the queue.
    """

    def open_ticket(self, ticket: TicketRow) -> None:
        """Shows this patient; what was typed for another one is kept as a draft of that one."""

    def primary(self) -> None:
        """Ctrl+Enter was pressed."""

    def is_busy(self) -> bool:
        """Whether something is typed that is not stored, so that the workspace asks before it moves on."""


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What workspaces are built from, for one signed-in person."""

    session: Session
    signed_in: SignedIn
    clinic: Clinic
    zone: ZoneInfo
    clock: Callable[[], datetime]
    printer: Printer


@dataclass(frozen=True, kw_only=True)
class WorkspaceDefinition:
    """A workspace as data; `title` is translated when it is shown, `build` runs when it is first opened."""

    key: str
    title: str
    icon_name: str
    build: Callable[[Desk], Workspace]


WORKSPACES: dict[Role, Sequence[WorkspaceDefinition]] = {}
"""What each role may open, the usual one first."""


def workspaces_of(roles: Sequence[Role]) -> list[WorkspaceDefinition]:
    """Everything that somebody with these roles may open, each once."""
    found = {entry.key: entry for role in roles for entry in WORKSPACES.get(role, ())}
    return list(found.values())
