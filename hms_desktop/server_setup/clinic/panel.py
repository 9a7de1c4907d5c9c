"""The page that asks for the clinic itself: what for, name, time zone, currency and languages."""

from collections.abc import Sequence

from msgspec import structs
from PySide6.QtWidgets import QWidget

from hms_desktop.server_setup.panel import SetupPage
from hms_desktop.widgets.fields import ChoiceField, Field
from hms_desktop.widgets.tokens import Kind
from hms_server.contract.patients import LANGUAGES
from hms_server.contract.setup import (
    CURRENCIES,
    MAX_CLINIC_NAME,
    TRAINING_CURRENCY,
    PlanFault,
    SetupPlan,
    price_warning,
    zone_fault,
)
from hms_server.contract.zones import country_of, customs_of, find_zones, is_zone, zone_of_machine


class ClinicPage(SetupPage):
    """A city or a country is understood as time zone; currency and language follow until they are chosen."""

    keys = ("clinic.name", "clinic.time_zone", "clinic.currency", "clinic.languages", "clinic.contents")

    def __init__(self, *, zone: str | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.card.set_title(self.tr("1 of 6 · The clinic"))
        self.sentence.setText(self.tr("Nothing is stored before the last page."))
        self.back_button.set_words(self.tr("Cancel"))
        self.contents: ChoiceField[str] = ChoiceField(
            self.tr("What for"),
            [
                ("empty", self.tr("A clinic for real patients, empty at first")),
                ("training", self.tr("For training: full of made-up patients, never a real clinic")),
            ],
            required=True,
        )
        self.contents.set_value("empty")
        self.name = Field(self.tr("Name of the clinic"), required=True, max_length=MAX_CLINIC_NAME)
        self.zone = Field(
            self.tr("Time zone"), required=True, placeholder="Lagos", hint=self.tr("A city or a country")
        )
        self.currency: ChoiceField[str] = ChoiceField(
            self.tr("Currency"),
            [(code, f"{code} · {name}") for code, name in CURRENCIES.items()],
            required=True,
        )
        languages = list(LANGUAGES.items())
        self.language: ChoiceField[str] = ChoiceField(self.tr("Language of messages to patients"), languages)
        self.other_languages = Field(
            self.tr("Other languages"), hint=self.tr("As codes, such as: fr ha yo"), max_length=60
        )
        self.fields = {
            "clinic.name": self.name,
            "clinic.time_zone": self.zone,
            "clinic.currency": self.currency,
            "clinic.languages": self.other_languages,
            "clinic.contents": self.contents,
        }
        self._is_money_chosen = self._is_language_chosen = False
        self._real_currency: str | None = None
        """What the clinic has when it is not for training after all."""
        self._arrange()
        self._connect()
        self.zone.set_text(zone or zone_of_machine() or "")
        self._on_zone()

    def read_plan(self, plan: SetupPlan) -> SetupPlan:
        """The zone as far as it is understood; else as it was typed."""
        first = self.language.value()
        others = self.other_languages.text().lower().replace(",", " ").split()
        clinic = structs.replace(
            plan.clinic,
            contents="training" if self.contents.value() == "training" else "empty",
            name=self.name.text(),
            time_zone=self.zone.text(),
            currency=self.currency.value() or "",
            languages=tuple(dict.fromkeys([*([first] if first else []), *others])),
        )
        changed = structs.replace(plan, clinic=clinic)
        return structs.replace(changed, rooms=None) if changed.is_training else changed

    def own_faults(self) -> list[PlanFault]:
        """A choice that is missing is said at the choice, not in words for a file."""
        if self.currency.value() is None:
            return [PlanFault("clinic.currency", self.tr("Choose the currency of the clinic."))]
        return []

    def faults_of(self, plan: SetupPlan) -> list[PlanFault]:
        """One sentence a field."""
        faults = {fault.key: fault for fault in super().faults_of(plan)}
        return list(faults.values())

    def show_faults(self, faults: Sequence[PlanFault]) -> None:
        """What is said about currency and training goes on standing there."""
        super().show_faults(faults)
        self._warn()

    def _arrange(self) -> None:
        self.card.add(self.contents)
        self.card.add(self.name)
        self.card.add(self.zone)
        self.card.add(self.currency)
        self.add_row(self.language, self.other_languages)
        self.finish_card()

    def _connect(self) -> None:
        self.zone.finished.connect(self._on_zone)
        self.currency.chosen.connect(self._on_currency)
        self.language.chosen.connect(lambda _code: setattr(self, "_is_language_chosen", True))
        self.contents.chosen.connect(lambda _value: self._on_contents())

    def _on_zone(self) -> None:
        typed = self.zone.text()
        if not typed:
            return
        offered = [typed] if is_zone(typed) else find_zones(typed)
        if len(offered) != 1:
            self.zone.mark_error(zone_fault(typed))
            return
        zone = offered[0]
        country = country_of(zone)
        self.zone.set_text(zone)
        self.zone.set_hint(country.name if country else self.tr("A city or a country"))
        customs = customs_of(zone)
        if customs and not self._is_money_chosen:
            self._real_currency = customs.currency
            if self.contents.value() != "training":
                self.currency.set_value(customs.currency)
        if not self._is_language_chosen:
            self.language.set_value(customs.language if customs else "en")
        self._warn()

    def _on_currency(self, _code: str) -> None:
        self._is_money_chosen = True
        self._warn()

    def _on_contents(self) -> None:
        is_training = self.contents.value() == "training"
        was_training = not self.currency.editor.isEnabled()
        if is_training and not was_training:
            self._real_currency = self.currency.value()
            self.currency.set_value(TRAINING_CURRENCY)
        elif was_training and not is_training:
            self.currency.set_value(self._real_currency)
        self.currency.editor.setEnabled(not is_training)
        self._warn()

    def _warn(self) -> None:
        warning = price_warning(self.currency.value() or TRAINING_CURRENCY)
        if self.contents.value() == "training":
            self.notice.say(
                Kind.INFO,
                self.tr("This clinic is for training for good."),
                self.tr(
                    "Its name says so on every screen and paper. It is thrown away when the real one begins."
                ),
            )
        elif warning:
            self.notice.say(Kind.WARNING, self.tr("Prices are missing in this currency."), warning)
        else:
            self.notice.take_back()
