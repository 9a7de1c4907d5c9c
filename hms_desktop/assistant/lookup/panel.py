"""The assistant's functions as plain forms: answered on the premises, with or without the internet."""

from datetime import tzinfo

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLabel, QScrollArea, QVBoxLayout, QWidget

from hms_desktop.assistant.attachment.panel import AttachmentCard
from hms_desktop.assistant.state import AssistantDesk
from hms_desktop.widgets.buttons import PrimaryButton
from hms_desktop.widgets.fields import ChoiceField, Field
from hms_desktop.widgets.labels import TextRole, label
from hms_desktop.widgets.notices import Notice
from hms_desktop.widgets.tokens import Kind, Space
from hms_server.contract.assistant import RunTool, ToolAnswer, ToolParameter, ToolRow
from hms_server.contract.envelope import Fault


class ToolsPage(QWidget):
    """Choose what to look up, fill in what it needs, and read the answer below."""

    attachment_opened = Signal(object)

    def __init__(self, desk: AssistantDesk, *, zone: tzinfo, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._zone = zone
        self._fields: dict[str, Field | ChoiceField[str]] = {}
        self.which: ChoiceField[str] = ChoiceField(self.tr("Look up"), [])
        self.button = PrimaryButton(self.tr("Look up"), key="Ctrl+Enter")
        self._about = label("", TextRole.MUTED, wraps=True)
        self._form = QVBoxLayout()
        self._form.setSpacing(Space.S)
        self.notice = Notice()
        self._answer_labels: list[QLabel] = []
        self._cards: list[AttachmentCard] = []
        self._answer = QVBoxLayout()
        self._answer.setSpacing(Space.XS)
        self._lay_out()
        self.which.chosen.connect(self._on_chosen)
        self.button.clicked.connect(self.run)
        desk.changed.connect(self._show_tools)
        desk.opened.connect(self._say_patient)
        self._show_tools()

    def fields(self) -> dict[str, Field | ChoiceField[str]]:
        """The fields of the chosen function, by parameter."""
        return self._fields

    def answer(self) -> str:
        """All lines of the answer."""
        texts = [one.text() for one in self._answer_labels]
        return "\n".join(texts)

    def attachments(self) -> list[AttachmentCard]:
        """The cards of the answer."""
        return list(self._cards)

    def run(self) -> None:
        """Asks the server's own function; a missing field says so itself."""
        if not self.button.isEnabled():
            # Enter in a field and Ctrl+Enter of the sheet may be the same press.
            return
        tool = self._tool()
        if tool is None:
            self.which.set_error(self.tr("Choose what to look up."))
            return
        arguments = {name: self._text_of(field).strip() for name, field in self._fields.items()}
        for parameter in tool.parameters:
            if parameter.required and not arguments[parameter.name]:
                self._fields[parameter.name].set_error(self.tr("This is needed."))
                return
        patient = self._desk.patient if tool.may_have_patient or tool.needs_patient else None
        if tool.needs_patient and patient is None:
            self.notice.say(Kind.WARNING, self.tr("Open a patient first, then ask from there."))
            return
        request = RunTool(
            name=tool.name,
            arguments={name: text for name, text in arguments.items() if text},
            patient_id=patient.id if patient else None,
        )
        self.button.setEnabled(False)
        self._desk.run(request, done=self._on_answer, failed=self._on_refused, owner=self)

    def _tool(self) -> ToolRow | None:
        tools = self._desk.about.tools if self._desk.about else []
        return next((tool for tool in tools if tool.name == self.which.value()), None)

    def _text_of(self, field: Field | ChoiceField[str]) -> str:
        return field.text() if isinstance(field, Field) else field.value() or ""

    def _show_tools(self) -> None:
        tools = self._desk.about.tools if self._desk.about else []
        self.which.set_choices([(tool.name, tool.title) for tool in tools if not tool.needs_internet])

    def _say_patient(self) -> None:
        tool, patient = self._tool(), self._desk.patient
        if tool is None or not (tool.may_have_patient or tool.needs_patient):
            self._about.setText("")
        elif patient is not None:
            self._about.setText(self.tr("About {name} · {number}").format(
                name=patient.name, number=patient.number
            ))  # fmt: skip
        else:
            self._about.setText(self.tr("No patient is open."))
        self._about.setHidden(not self._about.text())

    def _on_chosen(self, _name: object) -> None:
        tool = self._tool()
        _clear(self._form)
        self._clear_answer()
        self._fields = {}
        for parameter in tool.parameters if tool else []:
            field = self._field_of(parameter)
            self._fields[parameter.name] = field
            self._form.addWidget(field)
        self._say_patient()
        if self._fields:
            next(iter(self._fields.values())).setFocus()

    def _field_of(self, parameter: ToolParameter) -> Field | ChoiceField[str]:
        if parameter.kind == "choice":
            choices = [(choice, choice) for choice in parameter.choices]
            return ChoiceField(parameter.title, choices, hint=parameter.hint, required=parameter.required)
        hint = parameter.hint
        if parameter.kind == "date" and not hint:
            hint = self.tr("Year-month-day, such as 2026-03-12")
        field = Field(parameter.title, hint=hint, required=parameter.required)
        field.editor.returnPressed.connect(self.run)
        return field

    def _on_answer(self, answer: ToolAnswer) -> None:
        self.button.setEnabled(True)
        self._clear_answer()
        self._add_line(answer.title, TextRole.STRONG)
        for line in answer.lines:
            self._add_line(line, TextRole.BODY)
        for attachment in answer.attachments:
            card = AttachmentCard(attachment, zone=self._zone)
            card.opened.connect(self.attachment_opened)
            self._cards.append(card)
            self._answer.addWidget(card)

    def _add_line(self, text: str, role: TextRole) -> None:
        line = label(text, role, wraps=True)
        self._answer_labels.append(line)
        self._answer.addWidget(line)

    def _clear_answer(self) -> None:
        self._answer_labels = []
        self._cards = []
        self.notice.take_back()
        _clear(self._answer)

    def _on_refused(self, fault: Fault) -> None:
        self.button.setEnabled(True)
        field = self._fields.get((fault.field or "").removeprefix("arguments."))
        if field is not None:
            field.set_error(fault.message)
        else:
            self.notice.say(Kind.WARNING, fault.message)

    def _lay_out(self) -> None:
        inner = QWidget()
        inside = QVBoxLayout(inner)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(Space.S)
        inside.addLayout(self._answer)
        inside.addStretch(1)
        scrolled = QScrollArea(widgetResizable=True)
        scrolled.setFrameShape(QScrollArea.Shape.NoFrame)
        scrolled.setWidget(inner)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.S)
        column.addWidget(self.which)
        column.addWidget(self._about)
        column.addLayout(self._form)
        column.addWidget(self.button)
        column.addWidget(self.notice)
        column.addWidget(scrolled, 1)


def _clear(layout: QVBoxLayout) -> None:
    while (item := layout.takeAt(0)) is not None:
        if (old := item.widget()) is not None:
            old.hide()
            old.deleteLater()
