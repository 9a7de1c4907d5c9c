"""Every colour, distance and text size of the desktop, read by the style sheet, the charts and the icons."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from functools import lru_cache

from PySide6.QtCore import QCoreApplication


class Kind(StrEnum):
    """What a pill, a notice or a value means. A word or an icon always stands beside the colour."""

    INFO = "info"
    OK = "ok"
    WARNING = "warning"
    DANGER = "danger"
    NEUTRAL = "neutral"


class TextSize(IntEnum):
    """Pixels at 100 %."""

    CAPTION = 11
    SMALL = 12
    BODY = 13
    LEAD = 14
    TITLE = 18
    VALUE = 20
    SCORE = 40


class Space(IntEnum):
    """Distances between things."""

    XS = 4
    S = 8
    M = 12
    L = 16


class Radius(IntEnum):
    FIELD = 6
    CARD = 10


class Theme(StrEnum):
    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True, kw_only=True)
class Palette:
    """Colours by meaning; `soft` is the ground on which the colour of the same name is read."""

    background: str
    surface: str
    raised: str
    line: str
    field_line: str
    ink: str
    muted: str
    brand: str
    brand_hover: str
    on_brand: str
    brand_soft: str
    rail: str
    rail_active: str
    on_rail: str
    danger: str
    danger_soft: str
    warning: str
    warning_soft: str
    ok: str
    ok_soft: str
    info: str
    info_soft: str
    neutral: str
    neutral_soft: str
    band: str

    def ink_of(self, kind: Kind) -> str:
        """The colour of words that mean this kind."""
        colour: str = getattr(self, kind.value)
        return colour

    def soft_of(self, kind: Kind) -> str:
        """The ground below words that mean this kind."""
        colour: str = getattr(self, f"{kind.value}_soft")
        return colour


LIGHT = Palette(
    background="#F4F6F8",
    surface="#FFFFFF",
    raised="#F8FAFB",
    line="#DDE3E9",
    # A field must be found by its outline alone, so this line keeps 3:1 (WCAG 1.4.11); a hairline need not.
    field_line="#87949F",
    ink="#17212B",
    muted="#5B6875",
    brand="#0B6E69",
    brand_hover="#095C58",
    on_brand="#FFFFFF",
    brand_soft="#E1F2F0",
    rail="#12343B",
    rail_active="#1F5760",
    on_rail="#E8F1F2",
    danger="#B42318",
    danger_soft="#FDECEA",
    warning="#B54708",
    warning_soft="#FEF1DF",
    ok="#187741",
    ok_soft="#E3F5EA",
    info="#1D5FA8",
    info_soft="#E6F0FB",
    neutral="#5B6875",
    neutral_soft="#EEF1F4",
    band="#E8F3ED",
)

DARK = Palette(
    background="#0F191F",
    surface="#17242C",
    raised="#1C2B34",
    line="#2B3C47",
    field_line="#6F8290",
    ink="#E8EEF2",
    muted="#A3B3BF",
    brand="#37B5AA",
    brand_hover="#4BC5BA",
    on_brand="#05211F",
    brand_soft="#173D3D",
    rail="#0A1B20",
    rail_active="#1B4A52",
    on_rail="#E8F1F2",
    danger="#FF9A90",
    danger_soft="#43211F",
    warning="#FFB870",
    warning_soft="#402C17",
    ok="#74D8A0",
    ok_soft="#173828",
    info="#8FC0F7",
    info_soft="#1B324C",
    neutral="#A3B3BF",
    neutral_soft="#25343E",
    band="#1C3A2D",
)

PALETTES = {Theme.LIGHT: LIGHT, Theme.DARK: DARK}


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """One person's look: a theme and a text size between 1.0 and 2.0."""

    theme: Theme = Theme.LIGHT
    factor: float = 1.0
    family: str = ""

    def __post_init__(self) -> None:
        if not 1.0 <= self.factor <= 2.0:  # noqa: PLR2004 - the two ends of the scale that the docstring names
            message = f"The text size {self.factor:.0%} is not between 100 % and 200 %."
            raise ValueError(message)

    @property
    def palette(self) -> Palette:
        """The colours of the theme."""
        return PALETTES[self.theme]

    def px(self, pixels: float) -> int:
        """A length that grows with the text, such as a text size, a row or an icon."""
        return _scaled(pixels, self.factor)


@lru_cache(maxsize=256)
def _scaled(pixels: float, factor: float) -> int:
    return round(pixels * factor)


_PROPERTY = "hms_tokens"
_DEFAULT = Tokens()


def current_tokens() -> Tokens:
    """The look that the application was given last; what is painted asks here each time it is painted."""
    application = QCoreApplication.instance()
    stored = application.property(_PROPERTY) if application is not None else None
    return stored if isinstance(stored, Tokens) else _DEFAULT


def keep_tokens(application: QCoreApplication, tokens: Tokens) -> None:
    """Makes this look the current one. Called by `style.apply_style` only."""
    application.setProperty(_PROPERTY, tokens)
