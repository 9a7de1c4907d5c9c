"""The administrator's view of the clinic's servers: what to look after, with its remedy, and how each is."""

from collections.abc import Callable
from datetime import datetime, tzinfo

from PySide6.QtCore import Qt
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from hms_desktop.session import Session
from hms_desktop.upkeep.state import UpkeepState
from hms_desktop.upkeep.words import (
    backup_text,
    database_text,
    disk_text,
    disk_title,
    key_text,
    level_word,
    running_word,
)
from hms_desktop.widgets.buttons import SecondaryButton
from hms_desktop.widgets.cards import Card
from hms_desktop.widgets.labels import Pill, TextRole, label
from hms_desktop.widgets.states import ListState
from hms_desktop.widgets.tokens import Space
from hms_desktop.widgets.words import since_text
from hms_server.contract.envelope import Fault
from hms_server.contract.upkeep import ServerCondition, ServerConditions, ServerRow


class ServerPanel(QWidget):
    """Left what somebody has to look after, the worst first; right the servers in facts."""

    def __init__(
        self,
        session: Session,
        *,
        clock: Callable[[], datetime],
        zone: tzinfo,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._clock = clock
        self._zone = zone
        self.state = UpkeepState(session, self)
        self.again = SecondaryButton(self.tr("Look again"), key="F6", icon_name="refresh")
        self._looked = label("", TextRole.MUTED)
        self._conditions = _Sheet(self.tr("What to look after"))
        self._facts = _Sheet(self.tr("Servers of the clinic"))
        self.conditions = ListState(
            self._conditions, empty=self.tr("Nothing has to be done. The server looks after itself.")
        )
        self.facts = ListState(self._facts, empty=self.tr("No server has told anything yet"))
        self._lay_out()
        self.state.changed.connect(self._show)
        self.state.failed.connect(self._on_failed)
        self.again.clicked.connect(self.state.fetch)
        self.conditions.retried.connect(self.state.fetch)
        self.facts.retried.connect(self.state.fetch)
        self.conditions.show_loading()
        self.facts.show_loading()

    def take_focus(self) -> None:
        """The focus goes to the one button."""
        self.again.setFocus(Qt.FocusReason.OtherFocusReason)

    def texts(self) -> list[str]:
        """All that is said of conditions and facts, from top to bottom."""
        return [*self._conditions.texts(), *self._facts.texts()]

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        self.state.set_seen(seen=True)

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - Qt's name
        super().hideEvent(event)
        self.state.set_seen(seen=False)

    def _lay_out(self) -> None:
        left = Card(self.tr("What to look after"))
        left.add(self.conditions, stretch=1)
        row = QHBoxLayout()
        row.addWidget(self.again)
        row.addStretch(1)
        row.addWidget(self._looked)
        left.add(row)
        right = Card(self.tr("Servers of the clinic"))
        right.add(self.facts, stretch=1)
        columns = QHBoxLayout(self)
        columns.setContentsMargins(0, 0, 0, 0)
        columns.setSpacing(Space.M)
        columns.addWidget(left, 1)
        columns.addWidget(right, 1)

    def _on_failed(self, fault: Fault) -> None:
        self.conditions.show_error(fault.message)
        self.facts.show_error(fault.message)

    def _show(self) -> None:
        answer = self.state.answer
        if answer is None:
            words = self.tr("There is no link to a server, so nothing is known.")
            self.conditions.show_error(words)
            self.facts.show_error(words)
            return
        self._looked.setText(self.tr("Looked at {time}").format(time=self._since(self._clock())))
        found = self.state.worst_first()
        several = len(answer.servers) > 1
        self._conditions.fill([self._draw_condition(*each, several=several) for each in found])
        self._facts.fill([self._draw_server(server, answer) for server in answer.servers])
        if found:
            self.conditions.show_rows()
        elif not answer.servers:
            # No news is not good news.
            self.conditions.show_empty(self.tr("Nothing is known yet"))
        else:
            self.conditions.show_empty(self.tr("Nothing has to be done. The server looks after itself."))
        if answer.servers:
            self.facts.show_rows()
        else:
            self.facts.show_empty(self.tr("No server has told anything yet"))

    def _draw_condition(self, server: ServerRow, condition: ServerCondition, *, several: bool) -> QWidget:
        word, kind = level_word(condition.level)
        heading = QHBoxLayout()
        heading.setSpacing(Space.S)
        heading.addWidget(Pill(word, kind=kind))
        heading.addWidget(label(condition.title, TextRole.STRONG, wraps=True), 1)
        block = QFrame()
        column = QVBoxLayout(block)
        column.setContentsMargins(0, 0, 0, Space.M)
        column.setSpacing(Space.XS)
        column.addLayout(heading)
        column.addWidget(label(condition.sentence, wraps=True))
        column.addWidget(label(self.tr("What to do: {words}").format(words=condition.remedy), wraps=True))
        since = self.tr("Since {time}").format(time=self._since(condition.since))
        where = f"{server.host} · {since}" if several else since
        column.addWidget(label(where, TextRole.MUTED))
        return block

    def _draw_server(self, server: ServerRow, answer: ServerConditions) -> QWidget:
        word, kind = running_word(server)
        heading = QHBoxLayout()
        heading.setSpacing(Space.S)
        heading.addWidget(label(server.host, TextRole.STRONG, wraps=True), 1)
        heading.addWidget(Pill(word, kind=kind))
        block = QFrame()
        column = QVBoxLayout(block)
        column.setContentsMargins(0, 0, 0, Space.M)
        column.setSpacing(Space.S)
        column.addLayout(heading)
        grid = QGridLayout()
        grid.setHorizontalSpacing(Space.M)
        grid.setVerticalSpacing(Space.XS)
        grid.setColumnStretch(1, 1)
        for number, (title, words) in enumerate(self._facts_of(server, answer)):
            grid.addWidget(label(title, TextRole.MUTED), number, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(label(words, wraps=True), number, 1)
        column.addLayout(grid)
        return block

    def _facts_of(self, server: ServerRow, answer: ServerConditions) -> list[tuple[str, str]]:
        version = f"{server.version} ({server.commit[:8]})" if server.commit else server.version
        addresses = ", ".join(each for each in server.addresses if each != "127.0.0.1") or "–"
        reached = self.tr("{where}, port {port}").format(where=addresses, port=server.port)
        if not server.running:
            last = server.stopped_at or server.seen_at
            return [
                (self.tr("Version"), version),
                (self.tr("Last heard of"), self._since(last)),
                (self.tr("Reached at"), reached),
            ]
        facts = [
            (self.tr("Version"), version),
            (self.tr("Runs since"), self._since(server.started_at)),
            (self.tr("Last heard of"), self._since(server.seen_at)),
            (self.tr("Reached at"), reached),
            (self.tr("Database"), database_text(server)),
            *((disk_title(disk), disk_text(disk)) for disk in server.disks),
            (self.tr("Last good backup"), backup_text(server.backup, zone=self._zone, now=self._clock())),
            (self.tr("Recovery key"), key_text(server.backup)),
            (self.tr("Workstations"), self._workstations(answer)),
            (self.tr("Audit trail"), self._sealed(answer)),
        ]
        if server.old_desktops:
            facts.append((self.tr("Older programs"), ", ".join(server.old_desktops)))
        return facts

    def _workstations(self, answer: ServerConditions) -> str:
        words = self.tr("{devices} paired, {sessions} signed in")
        return words.format(devices=answer.devices, sessions=answer.sessions)

    def _sealed(self, answer: ServerConditions) -> str:
        words = self.tr("sealed up to {time}, {count} entries wait")
        return words.format(time=self._since(answer.sealed_up_to), count=answer.unsealed)

    def _since(self, moment: datetime | None) -> str:
        return since_text(moment, zone=self._zone, now=self._clock()) if moment else "–"


class _Sheet(QScrollArea):
    """Blocks from top to bottom; scrolls where there are more than fit, also by keys."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setObjectName("read")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._blocks: list[QWidget] = []

    def fill(self, blocks: list[QWidget]) -> None:
        """Replaces all blocks and stays where it was scrolled to."""
        place = self.verticalScrollBar().value()
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(Space.XS, Space.XS, Space.S, 0)
        column.setSpacing(Space.S)
        for block in blocks:
            column.addWidget(block)
        column.addStretch(1)
        self._blocks = blocks
        self.setWidget(inside)
        self.verticalScrollBar().setValue(place)

    def texts(self) -> list[str]:
        """What the blocks say."""
        return [each.text() for block in self._blocks for each in block.findChildren(QLabel)]
