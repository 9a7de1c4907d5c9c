"""The form in which the front desk writes down who somebody is."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from msgspec import structs
from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QGridLayout, QWidget

from hms_desktop.patients.birth import Birth, BirthUnclearError, read_birth, say_birth, write_birth
from hms_desktop.widgets.fields import ChoiceField, Field, FieldFrame
from hms_desktop.widgets.tokens import Space
from hms_desktop.widgets.words import sex_word
from hms_server.contract.envelope import Fault
from hms_server.contract.patients import LANGUAGES, Demographics, FindLookAlikes
from hms_server.contract.values import Sex

FEWEST_PHONE_DIGITS = 8
MOST_PHONE_DIGITS = 15
FULL_WIDTH = 12


class DemographicsForm(QWidget):
    """Checks what can be known here at once; Enter goes to the next field."""

    edited = Signal()
    """The person changed something."""
    finished = Signal()
    """Enter was pressed in the last field."""

    def __init__(
        self,
        *,
        today: Callable[[], date],
        usual_languages: Sequence[str] = (),
        parent: QWidget | None = None,
    ) -> None:
        """`usual_languages`: those in which the clinic is used, offered first."""
        super().__init__(parent)
        self._today = today
        self.family = Field(self.tr("Family name"), required=True, max_length=100)
        self.given = Field(self.tr("Given names"), max_length=100)
        self.birth = Field(self.tr("Date of birth or age"), required=True, placeholder="12/03/1980, 46, 8 mo")
        sexes = [(sex, sex_word(sex)) for sex in Sex]
        self.sex: ChoiceField[Sex] = ChoiceField(self.tr("Sex"), sexes, required=True)
        self.phone = Field(self.tr("Phone"), max_length=40)
        self.email = Field(self.tr("E-mail"), max_length=254)
        codes = dict.fromkeys([*(code for code in usual_languages if code in LANGUAGES), *LANGUAGES])
        languages = [("", self.tr("Not asked")), *((code, LANGUAGES[code]) for code in codes)]
        self.language: ChoiceField[str] = ChoiceField(self.tr("Writes and reads"), languages)
        self.national_id = Field(self.tr("National ID"), max_length=40)
        self.kin = Field(self.tr("Next of kin"), max_length=100)
        self.kin_phone = Field(self.tr("Next of kin phone"), max_length=40)
        self.address = Field(self.tr("Address"), max_length=300)
        living = [(False, self.tr("Alive")), (True, self.tr("Deceased"))]
        self.deceased: ChoiceField[bool] = ChoiceField(self.tr("Living"), living)
        self._stored: Demographics | None = None
        self._texts = (
            self.family,
            self.given,
            self.birth,
            self.phone,
            self.email,
            self.national_id,
            self.kin,
            self.kin_phone,
            self.address,
        )
        self._lay_out()
        self._connect()

    def is_empty(self) -> bool:
        """Whether nothing has been typed or chosen."""
        chosen = self.sex.value() is not None or bool(self.language.value())
        return not chosen and not any(field.text() for field in self._texts)

    def clear(self) -> None:
        """Ready for the next patient."""
        for field in self._texts:
            field.set_text("")
        self.sex.set_value(None)
        self.language.set_value(None)
        self.birth.set_hint("")

    def typed(self) -> dict[str, str]:
        """What stands in the fields, as a draft keeps it."""
        texts = {name: field.text() for name, field in self._by_draft_name().items()}
        return texts | {"sex": self.sex.value() or "", "language": self.language.value() or ""}

    def restore(self, typed: Mapping[str, str]) -> None:
        """Shows a draft again."""
        for name, field in self._by_draft_name().items():
            field.set_text(typed.get(name, ""))
        sex = typed.get("sex", "")
        self.sex.set_value(Sex(sex) if sex in set(Sex) else None)
        self.language.set_value(typed.get("language") or None)
        self._on_birth_edited()

    def show_living(self) -> None:
        """Offers to say that a patient has died; nobody is registered so."""
        self.deceased.show()

    def fill(self, stored: Demographics) -> None:
        """Shows a stored entry, of which `read` keeps all that is not changed here."""
        self._stored = stored
        texts = (
            stored.family_name,
            stored.given_names,
            write_birth(stored.birth_date, stored.birth_precision),
            stored.phone,
            stored.email,
            stored.national_id,
            stored.next_of_kin_name,
            stored.next_of_kin_phone,
            stored.address,
        )
        for field, text in zip(self._texts, texts, strict=True):
            field.set_text(text or "")
        self.sex.set_value(stored.sex)
        self.language.set_value(stored.language or "")
        self.deceased.set_value(stored.deceased)
        self._on_birth_edited()

    def start(self) -> None:
        """The focus goes to the first field."""
        self.family.editor.setFocus(Qt.FocusReason.OtherFocusReason)
        self.family.editor.selectAll()

    def read(self) -> Demographics | None:
        """What is written down, or None after the first mistake was shown at its field."""
        birth = self._read_birth()
        mistakes = self._mistakes(birth)
        if mistakes:
            field, sentence = mistakes[0]
            field.set_error(sentence)
            return None
        sex = self.sex.value()
        assert birth is not None
        assert sex is not None
        written = Demographics(
            family_name=self.family.text(),
            given_names=self.given.text(),
            sex=sex,
            birth_date=birth.birth_date,
            birth_precision=birth.precision,
            age_years=birth.age_years,
            age_months=birth.age_months,
            phone=self.phone.text() or None,
            email=self.email.text() or None,
            language=self.language.value() or None,
            national_id=self.national_id.text() or None,
            address=self.address.text() or None,
            next_of_kin_name=self.kin.text() or None,
            next_of_kin_phone=self.kin_phone.text() or None,
        )
        return self._with_the_rest(written, self._stored) if self._stored else written

    def question(self) -> FindLookAlikes | None:
        """The search for look-alikes of what is typed so far, None while that is too little."""
        birth = self._read_birth() or Birth()
        if not (self.family.text() or self.given.text() or self.phone.text() or self.national_id.text()):
            return None
        return FindLookAlikes(
            family_name=self.family.text(),
            given_names=self.given.text(),
            sex=self.sex.value() or Sex.UNKNOWN,
            birth_date=birth.birth_date,
            birth_precision=birth.precision,
            age_years=birth.age_years,
            age_months=birth.age_months,
            phone=self.phone.text() or None,
            national_id=self.national_id.text() or None,
        )

    def show_fault(self, fault: Fault) -> bool:
        """Shows what the server refused at its field; says whether it has one."""
        field = self._by_server_name().get(fault.field or "")
        if field is None:
            return False
        field.set_error(fault.message)
        return True

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if event.type() is QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            return self._moves_on(watched, event)
        return super().eventFilter(watched, event)

    def _moves_on(self, watched: QObject, event: QKeyEvent) -> bool:
        entered = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if not entered or event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            return False
        if watched is self.address.editor:
            self.finished.emit()
        else:
            self.focusNextChild()
        return True

    def _with_the_rest(self, written: Demographics, stored: Demographics) -> Demographics:
        deceased = bool(self.deceased.value())
        return structs.replace(
            written,
            no_phone=stored.no_phone and not written.phone,
            deceased=deceased,
            deceased_on=stored.deceased_on if deceased else None,
        )

    def _mistakes(self, birth: Birth | None) -> list[tuple[FieldFrame[Any], str]]:
        """In the order of the fields."""
        missing = self.tr("Write the name by which the patient is called.")
        unsaid = self.tr("Choose one; “Sex not known” is allowed.")
        phone = self.tr("A phone number has 8 to 15 digits.")
        checks: list[tuple[FieldFrame[Any], bool, str]] = [
            (self.family, not self.family.text(), missing),
            (self.birth, birth is None, self._birth_sentence()),
            (self.sex, self.sex.value() is None, unsaid),
            (self.phone, not _may_be_phone(self.phone.text()), phone),
            (self.email, not _may_be_email(self.email.text()), self._email_sentence()),
            (self.kin_phone, not _may_be_phone(self.kin_phone.text()), phone),
        ]
        return [(field, sentence) for field, wrong, sentence in checks if wrong]

    def _read_birth(self) -> Birth | None:
        text, stored = self.birth.text(), self._stored
        if stored and text and text == write_birth(stored.birth_date, stored.birth_precision):
            # An estimate that is only looked at must not move with the calendar.
            return Birth(birth_date=stored.birth_date, precision=stored.birth_precision)
        try:
            return read_birth(text, today=self._today())
        except BirthUnclearError:
            return None

    def _birth_sentence(self) -> str:
        if not self.birth.text():
            return self.tr("Write the date of birth or an age; an estimate is enough.")
        try:
            read_birth(self.birth.text(), today=self._today())
        except BirthUnclearError as unclear:
            return str(unclear)
        return ""

    def _on_birth_edited(self) -> None:
        birth = self._read_birth()
        self.birth.set_hint(say_birth(birth, today=self._today()) if birth else "")

    def _on_birth_left(self) -> None:
        if self.birth.text() and self._read_birth() is None:
            self.birth.mark_error(self._birth_sentence())

    def _on_phone_left(self, field: Field) -> None:
        if not _may_be_phone(field.text()):
            field.mark_error(self.tr("A phone number has 8 to 15 digits."))

    def _email_sentence(self) -> str:
        return self.tr("An e-mail address looks like ada.obi@example.com.")

    def _on_email_left(self) -> None:
        if not _may_be_email(self.email.text()):
            self.email.mark_error(self._email_sentence())

    def _by_draft_name(self) -> dict[str, Field]:
        names = ("family", "given", "birth", "phone", "email", "national_id", "kin", "kin_phone", "address")
        return dict(zip(names, self._texts, strict=True))

    def _by_server_name(self) -> dict[str, FieldFrame[Any]]:
        return {
            "family_name": self.family,
            "given_names": self.given,
            "birth_date": self.birth,
            "age_years": self.birth,
            "age_months": self.birth,
            "sex": self.sex,
            "phone": self.phone,
            "email": self.email,
            "language": self.language,
            "national_id": self.national_id,
            "address": self.address,
            "next_of_kin_name": self.kin,
            "next_of_kin_phone": self.kin_phone,
            "deceased": self.deceased,
            "deceased_on": self.deceased,
        }

    def _connect(self) -> None:
        for field in self._texts:
            field.edited.connect(self.edited)
            field.editor.installEventFilter(self)
        self.sex.chosen.connect(self.edited)
        self.sex.editor.installEventFilter(self)
        self.language.chosen.connect(self.edited)
        self.language.editor.installEventFilter(self)
        self.email.finished.connect(self._on_email_left)
        self.birth.edited.connect(self._on_birth_edited)
        self.birth.finished.connect(self._on_birth_left)
        self.phone.finished.connect(lambda: self._on_phone_left(self.phone))
        self.kin_phone.finished.connect(lambda: self._on_phone_left(self.kin_phone))

    def _lay_out(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(Space.S)
        # The names need the most room, and the order is that in which a desk asks.
        rows: tuple[tuple[QWidget, ...], ...] = (
            (self.family, self.given, self.birth),
            (self.sex, self.phone, self.email, self.language),
            (self.national_id, self.kin, self.kin_phone, self.address),
            (self.deceased,),
        )
        for number, fields in enumerate(rows):
            span = FULL_WIDTH // max(len(fields), 3)
            for place, field in enumerate(fields):
                grid.addWidget(field, number, place * span, 1, span)
        for column in range(FULL_WIDTH):
            grid.setColumnStretch(column, 1)
        self.deceased.hide()


def _may_be_email(text: str) -> bool:
    """Rough: the server knows better, and what is plainly wrong is said at once."""
    name, _, domain = text.rpartition("@")
    return not text or (bool(name) and "." in domain.strip(".") and " " not in text)


def _may_be_phone(text: str) -> bool:
    if not text:
        return True
    digits = sum(sign.isdecimal() for sign in text)
    written = all(sign.isdecimal() or sign in "+ ()./–-" for sign in text)
    return written and FEWEST_PHONE_DIGITS <= digits <= MOST_PHONE_DIGITS
