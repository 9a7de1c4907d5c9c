"""The look: readable in both themes, and complete."""

import math
from itertools import product

import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication

from hms_desktop.widgets.style import apply_style, style_sheet
from hms_desktop.widgets.tokens import PALETTES, Kind, Palette, Theme, Tokens, current_tokens

READABLE = 4.5
VISIBLE = 3.0


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    shown = QColor(colour)
    parts = (shown.redF(), shown.greenF(), shown.blueF())
    red, green, blue = (c / 12.92 if c <= 0.04045 else math.pow((c + 0.055) / 1.055, 2.4) for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1 to 21."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def pairs(palette: Palette) -> dict[str, tuple[str, str]]:
    """Every text colour with each ground it may stand on."""
    grounds = ("background", "surface", "raised", "brand_soft")
    found = {
        f"{ink} on {ground}": (getattr(palette, ink), getattr(palette, ground))
        for ink, ground in product(("ink", "muted"), grounds)
    }
    for kind in Kind:
        found[f"{kind} on its soft ground"] = (palette.ink_of(kind), palette.soft_of(kind))
        found[f"{kind} on surface"] = (palette.ink_of(kind), palette.surface)
    found["on brand"] = (palette.on_brand, palette.brand)
    found["on brand hover"] = (palette.on_brand, palette.brand_hover)
    found["on rail"] = (palette.on_rail, palette.rail)
    found["on rail active"] = (palette.on_rail, palette.rail_active)
    return found


@pytest.mark.parametrize("theme", Theme)
def test_text_is_readable_on_its_ground(theme: Theme) -> None:
    """Every text keeps WCAG AA, 4.5 to 1."""
    weak = {
        name: round(contrast(*colours), 2)
        for name, colours in pairs(PALETTES[theme]).items()
        if contrast(*colours) < READABLE
    }

    assert weak == {}


@pytest.mark.parametrize("theme", Theme)
def test_fields_can_be_found_by_their_outline(theme: Theme) -> None:
    """The outline of a field keeps 3 to 1 on a card."""
    palette = PALETTES[theme]

    assert contrast(palette.field_line, palette.surface) >= VISIBLE


@pytest.mark.parametrize("factor", [0.9, 2.1])
def test_text_size_outside_the_scale_is_refused(factor: float) -> None:
    """Between 100 % and 200 %, nothing else."""
    with pytest.raises(ValueError, match="between 100 % and 200 %"):
        Tokens(factor=factor)


def test_text_grows_with_the_factor() -> None:
    """At 200 % the style sheet writes text twice as large."""
    assert "font-size: 14px" in style_sheet(Tokens())
    assert "font-size: 28px" in style_sheet(Tokens(factor=2.0))
    assert "font-size: 28px" not in style_sheet(Tokens())


def test_current_tokens_are_those_applied_last(qapp: QApplication) -> None:
    """What is painted by hand follows the theme without being told."""
    apply_style(qapp, Tokens(theme=Theme.DARK, factor=1.5))
    dark = current_tokens()
    apply_style(qapp, Tokens())

    assert (dark.theme, dark.factor) == (Theme.DARK, 1.5)
    assert current_tokens().theme is Theme.LIGHT


def test_shipped_font_is_used(qapp: QApplication) -> None:
    """Inter comes with the program, so every workstation looks the same."""
    apply_style(qapp, Tokens())

    assert current_tokens().family == "Inter"
