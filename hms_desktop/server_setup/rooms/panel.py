"""The page that shows the rooms of a template and lets a person change them."""

from collections.abc import Sequence

from msgspec import structs
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QWidget

from hms_desktop.server_setup.panel import SetupPage
from hms_desktop.widgets.buttons import SecondaryButton
from hms_desktop.widgets.fields import ChoiceField, Field
from hms_desktop.widgets.notices import Action
from hms_desktop.widgets.rows import Column, RowsModel
from hms_desktop.widgets.table import TableView
from hms_desktop.widgets.tokens import Kind, Space, current_tokens
from hms_server.contract.setup import MAX_NAME, USUAL_TEMPLATE, PlanFault, SetupPlan, room_fault, rooms_faults
from hms_server.contract.setup_templates import RoomAnswer, load_templates

Rooms = tuple[RoomAnswer, ...]
HEIGHT = 236


class RoomsPage(SetupPage):
    """A template fills the list; the fields below change, add and take away."""

    keys = ("clinic.template", "rooms")

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.card.set_title(self.tr("2 of 6 · Departments and rooms"))
        self.sentence.setText(self.tr("Patients are called into rooms. More can be added at any time."))
        self._templates = load_templates()
        offered = [(name, each.title) for name, each in self._templates.items()]
        self.template: ChoiceField[str] = ChoiceField(self.tr("Template"), offered)
        self.template.set_hint(self._templates[USUAL_TEMPLATE].description)
        self.template.set_value(USUAL_TEMPLATE)
        self._model = RowsModel(self._columns(), key=lambda room: room.name.casefold(), parent=self)
        self.table: TableView[RoomAnswer] = TableView(self._model, name=self.tr("Rooms"))
        self.name = Field(self.tr("Room"), max_length=MAX_NAME)
        self.department = Field(self.tr("Department"), max_length=MAX_NAME)
        self.queue: ChoiceField[str] = ChoiceField(self.tr("Calls patients of"), self._queues())
        self.queue.set_value("")
        self._own: Rooms = ()
        """What somebody had made of the list before choosing a template, until it is put back."""
        self.add_button = SecondaryButton(self.tr("Add"), key="F5", icon_name="plus")
        self.change_button = SecondaryButton(self.tr("Change"), key="F6", icon_name="pencil-outline")
        self.remove_button = SecondaryButton(self.tr("Remove"), key="F7", icon_name="minus")
        self.fields = {"clinic.template": self.template}
        self._arrange()
        self._connect()
        self._use(self._templates[USUAL_TEMPLATE].rooms)

    @property
    def rooms(self) -> Rooms:
        """The list as it is shown."""
        return tuple(self._model.rows)

    def is_needed(self, plan: SetupPlan) -> bool:
        """A training clinic brings its own."""
        return not plan.is_training

    def read_plan(self, plan: SetupPlan) -> SetupPlan:
        """Rooms of one's own only where they are no longer those of the template."""
        template = self.template.value() or USUAL_TEMPLATE
        own = None if self.rooms == self._templates[template].rooms else self.rooms
        return structs.replace(plan, rooms=own, clinic=structs.replace(plan.clinic, template=template))

    def _columns(self) -> list[Column[RoomAnswer]]:
        words = dict(self._queues())
        return [
            Column(title=self.tr("Room"), text=lambda room: room.name, strong=True, stretch=1),
            Column(title=self.tr("Department"), text=lambda room: room.department, stretch=1),
            Column(title=self.tr("Calls patients of"), text=lambda room: words[room.queue]),
        ]

    def _queues(self) -> list[tuple[str, str]]:
        return [
            ("", self.tr("Nobody")),
            ("triage", self.tr("Triage")),
            ("doctor", self.tr("Doctor")),
            ("pharmacy", self.tr("Pharmacy")),
            ("billing", self.tr("Billing")),
        ]

    def _arrange(self) -> None:
        self.table.setFixedHeight(current_tokens().px(HEIGHT))
        self.card.add(self.template)
        self.card.add(self.table)
        self.add_row(self.name, self.department, self.queue)
        row = QHBoxLayout()
        row.setSpacing(Space.S)
        for button in (self.add_button, self.change_button, self.remove_button):
            row.addWidget(button)
        row.addStretch(1)
        self.card.add(row)
        self.finish_card()

    def _connect(self) -> None:
        self.template.chosen.connect(self._on_template)
        self.table.chosen.connect(self._on_chosen)
        self.table.opened.connect(lambda _room: self.name.editor.setFocus(Qt.FocusReason.OtherFocusReason))
        self.add_button.clicked.connect(self._add)
        self.change_button.clicked.connect(self._change)
        self.remove_button.clicked.connect(self._remove)

    def _on_template(self, name: str) -> None:
        if all(self.rooms != each.rooms for each in self._templates.values()):
            self._own = self.rooms
        self.template.set_hint(self._templates[name].description)
        self._use(self._templates[name].rooms)
        if self._own:
            title = self.tr("The rooms of the template stand in place of yours.")
            undo = Action(self.tr("Put mine back"), self._put_back, key="F9")
            self.notice.say(Kind.INFO, title, actions=[undo])

    def _put_back(self) -> None:
        own, self._own = self._own, ()
        self._use(own)

    def _use(self, rooms: Sequence[RoomAnswer]) -> None:
        self._model.replace(list(rooms))
        self.notice.take_back()

    def _on_chosen(self, room: RoomAnswer | None) -> None:
        if room is not None:
            self.name.set_text(room.name)
            self.department.set_text(room.department)
            self.queue.set_value(room.queue)

    def _typed(self) -> RoomAnswer:
        return RoomAnswer(
            name=self.name.text(), department=self.department.text(), queue=self.queue.value() or ""
        )

    def _add(self) -> None:
        typed = self._typed()
        departments = list(dict.fromkeys([*(room.department for room in self.rooms), typed.department]))
        self._try((*self.rooms, typed), typed, order=departments)

    def _change(self) -> None:
        chosen = self.table.chosen_row()
        if chosen is not None:
            typed = self._typed()
            self._try(tuple(typed if room == chosen else room for room in self.rooms), typed)

    def _remove(self) -> None:
        chosen = self.table.chosen_row()
        if chosen is not None:
            self._use([room for room in self.rooms if room != chosen])
            self.table.choose_first()

    def _try(self, rooms: Rooms, typed: RoomAnswer, *, order: Sequence[str] = ()) -> None:
        """Shows the new list, or what is wrong with the room that was typed."""
        fault = room_fault(typed) or next(iter(rooms_faults(rooms)), None)
        if fault is not None:
            wrong = {"department": self.department}.get(fault.key.rpartition(".")[2], self.name)
            wrong.set_error(fault.sentence)
            return
        places = {department: place for place, department in enumerate(order)}
        self._use(sorted(rooms, key=lambda room: places.get(room.department, 0)))
        self.table.choose(typed.name.casefold())

    def show_faults(self, faults: Sequence[PlanFault]) -> None:
        """A fault of one room is said above the buttons, with its room chosen."""
        super().show_faults(faults)
        place = next((fault.key.split(".")[1] for fault in faults if fault.key.startswith("rooms.")), "")
        if place.isdecimal() and int(place) <= len(self.rooms):
            self.table.choose(self.rooms[int(place) - 1].name.casefold())
