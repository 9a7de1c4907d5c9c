"""The look that somebody has chosen on this workstation: light or dark, and how large the text is."""

from pathlib import Path

import msgspec
import structlog
from PySide6.QtCore import QLocale

from hms_desktop.widgets.tokens import Theme, Tokens

log = structlog.get_logger()

FILE_NAME = "look.json"
FACTORS = (1.0, 1.25, 1.5, 1.75, 2.0)

_COUNTRIES = {
    "NGN": QLocale.Country.Nigeria,
    "GHS": QLocale.Country.Ghana,
    "KES": QLocale.Country.Kenya,
    "ZAR": QLocale.Country.SouthAfrica,
    "XOF": QLocale.Country.Senegal,
    "XAF": QLocale.Country.Cameroon,
    "USD": QLocale.Country.UnitedStates,
}


class Look(msgspec.Struct, frozen=True, kw_only=True):
    theme: Theme = Theme.LIGHT
    factor: float = 1.0

    def tokens(self) -> Tokens:
        """What the style sheet is made from; a factor from elsewhere is brought into the range."""
        return Tokens(theme=self.theme, factor=min(max(self.factor, FACTORS[0]), FACTORS[-1]))

    def with_other_theme(self) -> "Look":
        """Light becomes dark, dark becomes light."""
        return Look(theme=Theme.LIGHT if self.theme is Theme.DARK else Theme.DARK, factor=self.factor)

    def with_larger_text(self) -> "Look":
        """The next text size; after the largest comes the smallest."""
        larger = [factor for factor in FACTORS if factor > self.factor]
        return Look(theme=self.theme, factor=larger[0] if larger else FACTORS[0])


def load_look(folder: Path) -> Look:
    """The look chosen last; a missing or damaged file means the usual one."""
    try:
        return msgspec.json.decode((folder / FILE_NAME).read_bytes(), type=Look)
    except FileNotFoundError:
        return Look()
    except (OSError, msgspec.DecodeError) as error:
        log.info("look not read", reason=str(error))
        return Look()


def keep_look(folder: Path, look: Look) -> None:
    """Remembers the look; where the disk refuses, it lasts until the program ends."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / FILE_NAME).write_bytes(msgspec.json.encode(look))
    except OSError as error:
        log.info("look not kept", reason=str(error))


def locale_of(currency: str) -> QLocale:
    """How dates are written where the clinic is; its currency tells the country, the words are English."""
    country = _COUNTRIES.get(currency, QLocale.Country.UnitedKingdom)
    return QLocale(QLocale.Language.English, country)
