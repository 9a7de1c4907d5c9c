"""What the doctor's desk has to tell: who was faster, what was not stored, and what to do about it."""

from collections.abc import Callable, Sequence
from datetime import datetime

from msgspec.structs import astuple
from PySide6.QtCore import QObject

from hms_desktop.widgets.notices import Action, Notice
from hms_desktop.widgets.tokens import Kind
from hms_server.contract.consultations import NoteVersion
from hms_server.contract.envelope import Fault
from hms_server.contract.visits import TicketRow

Do = Callable[[], object]


class DeskNews(QObject):
    """Says it in the one notice of the desk, each piece of news in the place of the one before."""

    def __init__(
        self, notice: Notice, *, time_text: Callable[[datetime], str], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._notice = notice
        self._time_text = time_text

    def text(self) -> str:
        """All that is said at the moment."""
        return self._notice.text()

    def take_back(self) -> None:
        """Nothing to say."""
        self._notice.take_back()

    def chart_missing(self, fault: Fault, *, retry: Do) -> None:
        """The chart could not be fetched."""
        self._notice.say(
            Kind.DANGER,
            self.tr("The chart could not be fetched"),
            fault.message,
            actions=[Action(self.tr("Try again"), retry)],
        )

    def no_draft(self, reason: str) -> None:
        """The disk of this workstation refuses drafts."""
        sentence = self.tr("What you type would not survive a crash ({reason}). Sign before you leave.")
        self._notice.say(Kind.WARNING, self.tr("No draft is kept"), sentence.format(reason=reason))

    def unsigned_draft(self, *, bring_back: Do, discard: Do) -> None:
        """After a crash, or when somebody else signed first: the text is there, but not in the record."""
        self._notice.say(
            Kind.INFO,
            self.tr("You had typed something here that was not signed."),
            self.tr("Bring it back to sign it as a correction."),
            actions=[
                Action(self.tr("Bring it back"), bring_back),
                Action(self.tr("Discard it"), discard),
            ],
        )

    def closed_without_note(self) -> None:
        """Somebody ended the visit that is being written."""
        self._notice.say(
            Kind.WARNING,
            self.tr("This visit was closed without a note."),
            self.tr("Undo that in the queue to go on; your text is kept."),
        )

    def signed_by_another(self, note: NoteVersion, *, typed: bool, lost: Sequence[str]) -> None:
        """Somebody signed the visit that was written here; `lost` are medicines that nobody prescribed."""
        if not typed:
            self._notice.say(Kind.INFO, self._faster(note))
            return
        sentence = self.tr("Your text is kept: sign it as a correction, with a reason.")
        if lost:
            names = self.tr("Not prescribed: {names}.").format(names=", ".join(lost))
            sentence = f"{sentence} {names}"
        self._notice.say(Kind.WARNING, self._faster(note), sentence)

    def corrected_by_another(self, note: NoteVersion) -> None:
        """Somebody corrected the note that is corrected here."""
        sentence = self.tr(
            "Your text is kept. Theirs reads: {text} Signing again makes yours version {next}."
        )
        theirs = " / ".join(section for section in astuple(note.text) if section)
        self._notice.say(
            Kind.WARNING, self._faster(note), sentence.format(text=theirs, next=note.version + 1)
        )

    def goes_on(self, ticket: TicketRow) -> None:
        """The visit is signed, and where the patient waits now."""
        sentence = self.tr("{name} goes on with ticket {code}.")
        self._notice.say(Kind.OK, sentence.format(name=ticket.patient.name, code=ticket.code))

    def not_signed(self, fault: Fault) -> None:
        """The server refused, and it is about no field."""
        self._notice.say(Kind.WARNING, self.tr("Not signed"), fault.message)

    def not_signed_elsewhere(self, ticket: TicketRow, fault: Fault, *, open_again: Do) -> None:
        """The server refused a visit that is not on the screen any more."""
        title = self.tr("The visit of {name} was not signed.").format(name=ticket.patient.name)
        self._notice.say(
            Kind.DANGER, title, fault.message, actions=[Action(self.tr("Open it again"), open_again)]
        )

    def _faster(self, note: NoteVersion) -> str:
        return self.tr("{name} signed version {number} at {time}.").format(
            name=note.signed_by.name, number=note.version, time=self._time_text(note.signed_at)
        )
