"""The staff: who may sign in, adding somebody, and signing somebody out."""

from collections.abc import Sequence
from datetime import date, tzinfo

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from hms_desktop.accounts.state import StaffState
from hms_desktop.accounts.table import staff_columns
from hms_desktop.session import Session
from hms_desktop.widgets.buttons import PrimaryButton, SecondaryButton
from hms_desktop.widgets.cards import Card
from hms_desktop.widgets.fields import Field
from hms_desktop.widgets.flow import FlowLayout
from hms_desktop.widgets.labels import TextRole, label
from hms_desktop.widgets.notices import Notice
from hms_desktop.widgets.role_words import role_word
from hms_desktop.widgets.rows import RowsModel
from hms_desktop.widgets.states import ListState
from hms_desktop.widgets.table import TableView
from hms_desktop.widgets.tokens import Kind, Space
from hms_server.contract.accounts import AddStaff, StaffAdded, StaffMember
from hms_server.contract.envelope import Fault
from hms_server.contract.values import Role


class StaffPanel(QWidget):
    """The list above, the form to add somebody below."""

    def __init__(self, session: Session, *, zone: tzinfo, today: date, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.state = StaffState(session, parent=self)
        self._model: RowsModel[StaffMember] = RowsModel(
            staff_columns(zone=zone, today=today), key=lambda member: member.id, parent=self
        )
        self.table: TableView[StaffMember] = TableView(self._model, name=self.tr("Staff"))
        self._list = ListState(self.table, empty=self.tr("Nobody may sign in yet"))
        self.notice = Notice()
        self.end_button = SecondaryButton(self.tr("Sign out everywhere"), key="F6")
        self.active_button = SecondaryButton(self.tr("Switch off"), key="F7")
        self.name = Field(self.tr("Name"), required=True, max_length=100, placeholder="Dr Ngozi Eze")
        self.user_name = Field(self.tr("User name"), required=True, max_length=60)
        self.roles = {role: SecondaryButton(role_word(role)) for role in Role}
        self._roles_error = label("", TextRole.ERROR)
        self.add_button = PrimaryButton(self.tr("Add"), key="Ctrl+Enter", icon_name="account-plus-outline")
        self._lay_out()
        self._connect()
        self._show_buttons()
        self._list.show_loading()

    def primary(self) -> None:
        """Ctrl+Enter: adds whoever is written in the form."""
        roles = [role for role, box in self.roles.items() if box.isChecked()]
        for field in (self.name, self.user_name):
            if not field.text():
                field.set_error(self.tr("This must not be empty."))
                return
        self._roles_error.setText("" if roles else self.tr("Choose at least one role."))
        self._roles_error.setHidden(bool(roles))
        if roles:
            self.state.add(AddStaff(user_name=self.user_name.text(), name=self.name.text(), roles=roles))

    def take_focus(self) -> None:
        """The focus goes to the list."""
        self.table.setFocus(Qt.FocusReason.OtherFocusReason)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        self.state.fetch()

    def _lay_out(self) -> None:
        staff = Card(self.tr("Staff"))
        staff.add(self._list, stretch=1)
        staff.add(self.notice)
        acts = FlowLayout(spacing=Space.S)
        acts.addWidget(self.end_button)
        acts.addWidget(self.active_button)
        staff.add(acts)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.M)
        column.addWidget(staff, 1)
        column.addWidget(self._build_form())

    def _build_form(self) -> Card:
        card = Card(self.tr("Add somebody"))
        grid = QGridLayout()
        grid.setSpacing(Space.S)
        grid.addWidget(self.name, 0, 0)
        grid.addWidget(self.user_name, 0, 1)
        card.add(grid)
        card.add(label(self.tr("Roles *"), TextRole.LABEL))
        boxes = FlowLayout(spacing=Space.S)
        for box in self.roles.values():
            box.setCheckable(True)
            boxes.addWidget(box)
        card.add(boxes)
        row = QHBoxLayout()
        row.addWidget(self._roles_error)
        row.addStretch(1)
        row.addWidget(self.add_button)
        card.add(row)
        self._roles_error.hide()
        return card

    def _connect(self) -> None:
        self.state.came.connect(self._on_came)
        self.state.failed.connect(lambda fault: self._list.show_error(fault.message))
        self.state.added.connect(self._on_added)
        self.state.refused.connect(self._on_refused)
        self.state.done.connect(lambda sentence: self.notice.say(Kind.OK, sentence))
        self._list.retried.connect(self.state.fetch)
        self.table.chosen.connect(self._show_buttons)
        self.end_button.clicked.connect(self._end_sessions)
        self.active_button.clicked.connect(self._set_active)
        self.add_button.clicked.connect(self.primary)

    def _on_came(self, staff: Sequence[StaffMember]) -> None:
        self._model.replace(staff)
        self._list.show_rows()
        self._show_buttons()

    def _on_added(self, request: AddStaff, answer: StaffAdded) -> None:
        title = self.tr("{name} may sign in as “{user}” with the password {password}")
        self.notice.say(
            Kind.OK,
            title.format(name=request.name, user=request.user_name, password=answer.password),
            self.tr("It is shown this once. Write it down; it can be changed after signing in."),
        )
        for field in (self.name, self.user_name):
            field.set_text("")
        for box in self.roles.values():
            box.setChecked(False)
        self.name.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_refused(self, fault: Fault) -> None:
        field = {"user_name": self.user_name, "name": self.name}.get(fault.field or "")
        if field is not None:
            field.set_error(fault.message)
        else:
            self.notice.say(Kind.WARNING, fault.message)

    def _show_buttons(self, *_: object) -> None:
        member = self.table.chosen_row()
        self.end_button.setEnabled(member is not None and member.open_sessions > 0)
        self.active_button.setEnabled(member is not None)
        is_off = member is not None and not member.active
        self.active_button.set_words(self.tr("Switch on") if is_off else self.tr("Switch off"))

    def _end_sessions(self) -> None:
        member = self.table.chosen_row()
        if member is not None:
            self.state.end_sessions(member)

    def _set_active(self) -> None:
        member = self.table.chosen_row()
        if member is not None:
            self.state.set_active(member, active=not member.active)
