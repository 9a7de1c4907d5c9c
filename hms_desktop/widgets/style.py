"""The style sheet made from the tokens, and the fonts that it needs."""

from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication, QWidget

from hms_desktop.widgets.tokens import Kind, Palette, Radius, Space, TextSize, Tokens, keep_tokens
from hms_server.contract.places import resource

FAMILIES = ("Inter", "Segoe UI", "Noto Sans", "DejaVu Sans")


def load_fonts() -> str:
    """Makes the shipped fonts known and gives the first family of ours that this machine has."""
    try:
        for path in sorted(resource("fonts").glob("*.ttf")):
            QFontDatabase.addApplicationFont(str(path))
    except FileNotFoundError:
        pass  # An installation without the folder still shows text, in a font of the system.
    known = set(QFontDatabase.families())
    return next((family for family in FAMILIES if family in known), QFont().defaultFamily())


def apply_style(application: QApplication, tokens: Tokens, *, window: QWidget | None = None) -> None:
    """Gives the application this look, also while windows are open.

    The style sheet goes to the window. One for the application, which is used where there is no window,
    is worked out anew for all that is inside each time a part is put into another: a page would take six
    times as long to be built.
    """
    family = tokens.family or load_fonts()
    tokens = Tokens(theme=tokens.theme, factor=tokens.factor, family=family)
    keep_tokens(application, tokens)
    application.setStyle("Fusion")
    font = QFont(family)
    font.setPixelSize(tokens.px(TextSize.BODY))
    application.setFont(font)
    application.setPalette(_qt_palette(tokens.palette))
    (window or application).setStyleSheet(style_sheet(tokens))


def _qt_palette(colours: Palette) -> QPalette:
    palette = QPalette()
    role = QPalette.ColorRole
    for which, colour in (
        (role.Window, colours.background),
        (role.WindowText, colours.ink),
        (role.Base, colours.surface),
        (role.AlternateBase, colours.raised),
        (role.Text, colours.ink),
        (role.PlaceholderText, colours.muted),
        (role.Button, colours.surface),
        (role.ButtonText, colours.ink),
        (role.ToolTipBase, colours.raised),
        (role.ToolTipText, colours.ink),
        (role.Highlight, colours.brand),
        (role.HighlightedText, colours.on_brand),
        (role.Link, colours.brand),
    ):
        palette.setColor(which, QColor(colour))
    palette.setColor(QPalette.ColorGroup.Disabled, role.Text, QColor(colours.muted))
    palette.setColor(QPalette.ColorGroup.Disabled, role.ButtonText, QColor(colours.muted))
    return palette


def style_sheet(tokens: Tokens) -> str:
    """The style sheet of the application in this look."""
    return "".join(
        part(tokens) for part in (_base, _labels, _buttons, _fields, _tables, _cards, _kinds, _frame, _pages)
    )


def _base(t: Tokens) -> str:
    p = t.palette
    return f"""
QMainWindow, QDialog, #page {{ background: {p.background}; }}
QToolTip {{ background: {p.raised}; color: {p.ink}; border: 1px solid {p.line}; padding: {Space.XS}px; }}
QScrollArea {{ border: none; background: transparent; }}
QScrollArea#read {{ border: 2px solid transparent; border-radius: {Radius.FIELD}px; }}
QScrollArea#read:focus {{ border-color: {p.brand}; }}
QScrollArea > QWidget > QWidget {{ background: transparent; }}
QScrollBar {{ background: transparent; border: none; }}
QScrollBar:vertical {{ width: 10px; }}
QScrollBar:horizontal {{ height: 10px; }}
QScrollBar::handle {{ background: {p.field_line}; border-radius: 4px; margin: 1px; }}
QScrollBar::handle:vertical {{ min-height: 28px; }}
QScrollBar::handle:horizontal {{ min-width: 28px; }}
QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page
  {{ background: none; border: none; width: 0; height: 0; }}
QProgressBar {{ background: {p.line}; border: none; border-radius: 2px; max-height: 4px; min-height: 4px; }}
QProgressBar::chunk {{ background: {p.brand}; border-radius: 2px; }}
QSplitter::handle {{ background: transparent; }}
QMenu {{ background: {p.surface}; border: 1px solid {p.line}; padding: {Space.XS}px; }}
QMenu::item {{ padding: 6px 20px; border-radius: {Radius.FIELD}px; }}
QMenu::item:selected {{ background: {p.brand_soft}; color: {p.ink}; }}
"""


def _labels(t: Tokens) -> str:
    p = t.palette
    return f"""
QLabel {{ background: transparent; }}
QLabel[role="caption"] {{ font-size: {t.px(TextSize.CAPTION)}px; color: {p.muted}; }}
QLabel[role="muted"] {{ font-size: {t.px(TextSize.SMALL)}px; color: {p.muted}; }}
QLabel[role="label"] {{ font-size: {t.px(TextSize.SMALL)}px; font-weight: 600; color: {p.muted}; }}
QLabel[role="strong"] {{ font-weight: 600; }}
QLabel[role="heading"] {{ font-size: {t.px(TextSize.LEAD)}px; font-weight: 600; }}
QLabel[role="title"] {{ font-size: {t.px(TextSize.TITLE)}px; font-weight: 600; }}
QLabel[role="value"] {{ font-size: {t.px(TextSize.VALUE)}px; font-weight: 600; }}
QLabel[role="score"] {{ font-size: {t.px(TextSize.SCORE)}px; font-weight: 700; }}
QLabel[role="error"] {{ font-size: {t.px(TextSize.SMALL)}px; color: {p.danger}; }}
"""


def _buttons(t: Tokens) -> str:
    p = t.palette
    return f"""
QPushButton {{ background: {p.surface}; color: {p.ink}; border: 1px solid {p.field_line};
  border-radius: {Radius.FIELD}px; padding: 0 {Space.M}px; min-height: {t.px(30)}px; font-weight: 600; }}
QPushButton:hover {{ background: {p.raised}; border-color: {p.muted}; }}
QPushButton:pressed {{ background: {p.brand_soft}; }}
QPushButton:checked {{ background: {p.brand}; color: {p.on_brand}; border-color: {p.brand}; }}
QPushButton:focus {{ border: 2px solid {p.brand}; padding: 0 {Space.M - 1}px; min-height: {t.px(30) - 2}px; }}
QPushButton:disabled {{ color: {p.muted}; background: {p.background}; border-color: {p.line}; }}
QPushButton[primary="true"] {{ background: {p.brand}; color: {p.on_brand}; border-color: {p.brand}; }}
QPushButton[primary="true"]:hover, QPushButton[primary="true"]:pressed {{ background: {p.brand_hover}; }}
QPushButton[primary="true"]:focus, QPushButton:checked:focus {{ border: 2px solid {p.ink}; }}
QPushButton[primary="true"]:disabled {{ background: {p.line}; color: {p.muted}; border-color: {p.line}; }}
QPushButton[flat="true"], QToolButton {{ background: transparent; border: 1px solid transparent;
  border-radius: {Radius.FIELD}px; padding: {Space.XS}px; }}
QToolButton::menu-indicator {{ image: none; }}
QPushButton[flat="true"]:hover, QToolButton:hover {{ background: {p.brand_soft}; }}
QPushButton[flat="true"]:focus, QToolButton:focus {{ border: 1px solid {p.brand}; }}
"""


def _fields(t: Tokens) -> str:
    p = t.palette
    editors = "QLineEdit, QComboBox, QPlainTextEdit, QDateEdit"
    return f"""
{editors} {{ background: {p.surface}; color: {p.ink}; border: 1px solid {p.field_line};
  border-radius: {Radius.FIELD}px; padding: 1px {Space.S}px;
  selection-background-color: {p.brand}; selection-color: {p.on_brand}; }}
QLineEdit, QComboBox, QDateEdit {{ min-height: {t.px(28)}px; }}
QLineEdit:focus, QComboBox:focus, QPlainTextEdit:focus, QDateEdit:focus
  {{ border: 2px solid {p.brand}; padding: 0 {Space.S - 1}px; }}
QLineEdit[wrong="true"], QComboBox[wrong="true"], QPlainTextEdit[wrong="true"]
  {{ border: 2px solid {p.danger}; padding: 0 {Space.S - 1}px; }}
QLineEdit:disabled, QComboBox:disabled, QPlainTextEdit:disabled
  {{ background: {p.background}; color: {p.muted}; border-color: {p.line}; }}
QLineEdit:read-only, QPlainTextEdit:read-only {{ background: {p.raised}; border-color: {p.line}; }}
QLineEdit[textSize="value"] {{ font-size: {t.px(TextSize.VALUE)}px; font-weight: 600;
  min-height: {t.px(34)}px; }}
QComboBox::drop-down {{ border: none; width: {t.px(24)}px; }}
QComboBox::down-arrow {{ image: none; }}
QComboBox QAbstractItemView {{ background: {p.surface}; color: {p.ink}; border: 1px solid {p.line};
  outline: none; selection-background-color: {p.brand_soft}; selection-color: {p.ink}; }}
QComboBox QAbstractItemView::item {{ min-height: {t.px(28)}px; padding: 0 {Space.S}px; }}
QCheckBox, QRadioButton {{ spacing: {Space.S}px; min-height: {t.px(28)}px; background: transparent; }}
QListView[suggestions="true"] {{ background: {p.surface}; border: none; outline: none; }}
"""


def _tables(t: Tokens) -> str:
    p = t.palette
    return f"""
QTableView {{ background: {p.surface}; border: none; outline: none; gridline-color: transparent;
  selection-background-color: {p.brand_soft}; selection-color: {p.ink}; }}
QHeaderView {{ background: {p.raised}; border: none; }}
QHeaderView::section {{ background: {p.raised}; color: {p.muted}; border: none;
  border-bottom: 1px solid {p.line}; padding: {Space.XS}px {Space.S}px;
  font-size: {t.px(TextSize.SMALL)}px; font-weight: 600; }}
"""


def _cards(t: Tokens) -> str:
    p = t.palette
    return f"""
#card {{ background: {p.surface}; border: 1px solid {p.line}; border-radius: {Radius.CARD}px; }}
#notice, #score, #toast {{ border-radius: {Radius.FIELD}px; }}
#toast {{ border: 1px solid {p.line}; }}
#popup {{ background: {p.surface}; border: 1px solid {p.field_line}; border-radius: {Radius.CARD}px; }}
"""


def _kinds(t: Tokens) -> str:
    rules = []
    for kind in Kind:
        ink, soft = t.palette.ink_of(kind), t.palette.soft_of(kind)
        boxes = [f'{name}[kind="{kind}"]' for name in ("#notice", "#score", "#toast")]
        inside = [f"{box} QLabel" for box in (*boxes, f'#pill[kind="{kind}"]')]
        rules.append(f"{', '.join(boxes)} {{ background: {soft}; }}")
        rules.append(f'{", ".join(inside)}, QLabel[kind="{kind}"] {{ color: {ink}; }}')
    return "\n".join(rules)


def _frame(t: Tokens) -> str:
    p = t.palette
    return f"""
#rail {{ background: {p.rail}; border: none; }}
#rail QToolButton {{ color: {p.on_rail}; background: transparent; border: 2px solid transparent;
  border-radius: {Space.S}px; padding: {Space.XS}px 0; font-size: {t.px(TextSize.CAPTION)}px; }}
#rail QToolButton:hover, #rail QToolButton:checked {{ background: {p.rail_active}; }}
#rail QToolButton:checked {{ font-weight: 600; }}
#rail QToolButton:focus {{ border-color: {p.on_rail}; }}
#header {{ background: {p.surface}; border: none; border-bottom: 1px solid {p.line}; }}
#status {{ background: {p.surface}; border: none; border-top: 1px solid {p.line}; }}
#status > QLabel {{ color: {p.muted}; font-size: {t.px(TextSize.SMALL)}px; }}
#status > QLabel[kind="danger"] {{ color: {p.danger}; font-weight: 600; }}
#status > QLabel[kind="warning"] {{ color: {p.warning}; font-weight: 600; }}
#status QPushButton[flat="true"] {{ min-height: 0; padding: 0 {Space.XS}px; text-align: left;
  color: {p.muted}; font-size: {t.px(TextSize.SMALL)}px; font-weight: 400; }}
#status QPushButton[kind="danger"] {{ color: {p.danger}; font-weight: 600; }}
#status QPushButton[kind="warning"] {{ color: {p.warning}; font-weight: 600; }}
#details {{ background: {p.surface}; border: 1px solid {p.field_line}; }}
#strip {{ background: {p.warning}; border: none; }}
#strip QLabel {{ color: {p.surface}; }}
"""


def _pages(t: Tokens) -> str:
    return f"""
#banner {{ background: {t.palette.surface}; border: 1px solid {t.palette.line};
  border-radius: {Radius.CARD}px; }}
"""
