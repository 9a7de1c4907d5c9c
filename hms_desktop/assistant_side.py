"""The assistant joined to a person's frame: F2, the patient at hand, and where sources lead."""

from functools import cached_property
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QKeySequence, QShortcut

from hms_desktop.assistant.state import AssistantDesk
from hms_desktop.shell.frame import Frame
from hms_desktop.shell.main_window import MainWindow
from hms_desktop.stations import Desk
from hms_desktop.widgets.tokens import Kind
from hms_server.contract.assistant import Source
from hms_server.contract.consultations import Banner, GetBanner
from hms_server.contract.envelope import Fault
from hms_server.contract.values import PatientHeader

if TYPE_CHECKING:
    from hms_desktop.assistant.panel import AssistantSheet


class AssistantSide(QObject):
    """Where the clinic or the role has no assistant, there is no key, no button and no sheet."""

    def __init__(self, desk: Desk, frame: Frame, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._frame = frame
        self.state = AssistantDesk(desk.session, self)
        self._key = QShortcut(QKeySequence("F2"), frame)
        self._key.setAutoRepeat(False)
        self._key.setEnabled(False)
        self._key.activated.connect(self.toggle)
        frame.header.assistant_clicked.connect(self.toggle)
        frame.installEventFilter(self)
        self.state.changed.connect(self._on_changed)
        self.state.reload()

    @property
    def is_on(self) -> bool:
        """Whether this person has an assistant here."""
        return self.state.about is not None and self.state.about.enabled

    @cached_property
    def sheet(self) -> "AssistantSheet":
        """Made when somebody asks for it; it goes with the frame, so that no patient stays in memory."""
        from hms_desktop.assistant.panel import AssistantSheet  # noqa: PLC0415 - see above

        desk = self._desk
        made = AssistantSheet(self._frame, self.state, clock=desk.clock, zone=desk.zone)
        made.source_opened.connect(self._on_source)
        return made

    def toggle(self) -> None:
        """F2: opens the assistant about the patient at hand, or closes it."""
        if not self.is_on:
            return
        if self._has_sheet() and self.sheet.isVisible():
            self.sheet.close_sheet()
            return
        self._place()
        workspace = self._frame.current
        patient = workspace.patient() if workspace is not None else None
        self.sheet.open(about=self._frame.current_key, patient=patient)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if watched is self._frame and event.type() is QEvent.Type.Resize and self._has_sheet():
            self._place()
        return super().eventFilter(watched, event)

    def _has_sheet(self) -> bool:
        return "sheet" in vars(self)

    def _place(self) -> None:
        self.sheet.place(top=self._frame.header.height(), bottom=self._frame.status.height())

    def _on_changed(self) -> None:
        self._key.setEnabled(self.is_on)
        self._frame.header.assistant_button.setVisible(self.is_on)
        if not self.is_on and self._has_sheet():
            self.sheet.close_sheet()

    def _on_source(self, source: Source) -> None:
        window = self._frame.window()
        if source.kind == "manual":
            if isinstance(window, MainWindow):
                window.open_help(source.label)
            return
        patient = self.state.patient
        if source.patient_id is None:
            return
        if patient is not None and patient.id == source.patient_id:
            self._frame.open_patient(patient)
            return
        request = GetBanner(patient_id=source.patient_id)
        self._desk.session.ask(request, done=self._on_found, failed=self._on_not_found)

    def _on_found(self, found: Banner) -> None:
        header = PatientHeader(
            id=found.patient_id,
            number=found.number,
            name=found.name,
            sex=found.sex,
            birth_date=found.birth_date,
            birth_precision=found.birth_precision,
            deceased=found.deceased,
        )
        self._frame.open_patient(header)

    def _on_not_found(self, fault: Fault) -> None:
        self._frame.say(Kind.WARNING, fault.message)
