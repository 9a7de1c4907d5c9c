"""Draws every widget, the pages and an empty frame as PNG files for people to look at.

Run it with `QT_QPA_PLATFORM=offscreen python -m tests.desktop.gallery FOLDER`.
"""

import sys
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from hms_desktop.session import Stored
from hms_desktop.shell.frame import Frame
from hms_desktop.shell.header import MenuEntry, SignedInAs
from hms_desktop.shell.login import LoginPage
from hms_desktop.shell.main_window import MainWindow
from hms_desktop.shell.pairing import FoundServer, PairingPage
from hms_desktop.shell.rail import WorkspaceEntry
from hms_desktop.widgets.alerts import AlertTray
from hms_desktop.widgets.banner import PatientBanner
from hms_desktop.widgets.buttons import PrimaryButton, SecondaryButton
from hms_desktop.widgets.cards import Card
from hms_desktop.widgets.fields import ChoiceField, Field, FieldSize, TextField
from hms_desktop.widgets.labels import Pill
from hms_desktop.widgets.money_field import MoneyField
from hms_desktop.widgets.notices import Action, Notice
from hms_desktop.widgets.rows import Align, Column, RowsModel
from hms_desktop.widgets.score import ScoreBox
from hms_desktop.widgets.states import ListState
from hms_desktop.widgets.style import apply_style
from hms_desktop.widgets.suggest import Suggestion
from hms_desktop.widgets.table import TableView
from hms_desktop.widgets.tokens import Kind, Space, Theme, Tokens
from hms_desktop.widgets.trend import Band, Point, TrendChart
from hms_desktop.widgets.workspace import Workspace
from hms_server.contract import consultations as chart
from hms_server.contract.values import Money
from tests.desktop.samples import (
    ALERTS,
    LONG_NAME,
    NOW,
    WAITING,
    ZONE,
    SampleLink,
    Waiting,
    allergy,
    problem,
    sample_banner,
)

SIZES = ((1280, 720), (1440, 900))


def queue_card() -> Card:
    columns = [
        Column[Waiting](title="#", text=lambda row: row.ticket),
        Column[Waiting](title="Patient", text=lambda row: row.name, stretch=1),
        Column[Waiting](title="Wait", text=lambda row: row.wait, align=Align.END),
        Column[Waiting](title="Priority", text=lambda row: row.priority, pill=lambda row: row.kind),
    ]
    model = RowsModel(columns, key=lambda row: row.ticket)
    table = TableView(model, name="Triage queue")
    model.setParent(table)
    states = ListState(table, empty="Nobody is waiting")
    model.replace(WAITING)
    states.show_rows()
    table.choose("T-021")
    card = Card("Triage queue")
    card.add_to_heading(Pill("4 waiting"))
    card.add(states, stretch=1)
    card.add(PrimaryButton("Call next", key="F8", icon_name="bullhorn-outline"))
    return card


def form_card() -> Card:
    temperature = Field("Temperature", unit="°C", size=FieldSize.VALUE)
    temperature.set_text("39.2")
    temperature.set_pill("2 points", Kind.WARNING)
    phone = Field("Next of kin phone", required=True)
    phone.set_text("0803 55 018")
    phone.mark_error("A phone number has 10 or 11 digits.")
    air = ChoiceField("Oxygen", [("air", "Air"), ("oxygen", "Oxygen")], required=True)
    air.set_value("air")
    awake = ChoiceField("Consciousness", [("alert", "Alert"), ("confused", "New confusion")])
    note = TextField("Subjective")
    note.set_text("3 days of fever, productive cough, pleuritic chest pain on the right.")
    amount = MoneyField("Amount", currency="NGN")
    amount.set_money(Money(1_865_000, "NGN"))
    card = Card(f"Vital signs · {LONG_NAME}")
    grid = QGridLayout()
    grid.setSpacing(Space.S)
    fields: list[QWidget] = [temperature, phone, air, awake, amount, Field("National ID", placeholder="NIN")]
    for number, field in enumerate(fields):
        grid.addWidget(field, number // 2, number % 2)
    card.add(grid)
    card.add(note)
    card.body.addStretch(1)
    row = QHBoxLayout()
    row.addWidget(SecondaryButton("Print labels", key="F6", icon_name="printer-outline"))
    row.addStretch(1)
    row.addWidget(PrimaryButton("Save and send", key="Ctrl+Enter", icon_name="send"))
    card.add(row)
    return card


def trend_card() -> Card:
    card = Card("Trend")
    for title, unit, low, high, values in (
        ("Pulse", "/min", "51", "90", ("88", "92", "95", "104", "121")),
        ("Temperature", "°C", "36.1", "38.0", ("36.6", "36.8", "37.2", "38.1", "39.2")),
        ("Systolic", "mmHg", "111", "219", ("118",)),
        ("Glucose", "mmol/L", "4.0", "7.8", ()),
    ):
        band = Band(low=Decimal(low), high=Decimal(high))
        trend = TrendChart(title, unit=unit, band=band, decimals=1 if "." in low else 0)
        trend.set_points([Point(NOW + timedelta(hours=n), Decimal(value)) for n, value in enumerate(values)])
        card.add(trend, stretch=1)
    return card


class WidgetsWorkspace(Workspace):
    """All widgets on one page, in the three columns of a real one."""

    def __init__(self) -> None:
        super().__init__()
        banner = PatientBanner()
        high, low = chart.Criticality.HIGH, chart.Criticality.LOW
        allergies = [allergy(1, "Penicillin", "anaphylaxis, 2023", high), allergy(2, "Sulfa", "", low)]
        problems = [problem(1, "Type 2 diabetes"), problem(2, "Hypertension")]
        shown = sample_banner(allergies=allergies, problems=problems)
        banner.show_patient(shown, today=NOW.date())
        banner.show_facts([("Ticket", "D-014", Kind.NEUTRAL), ("Triage", "Very urgent", Kind.DANGER)])
        notice = Notice()
        notice.say(
            Kind.DANGER,
            "Amoxicillin: recorded penicillin allergy (anaphylaxis, 2023)",
            "Same class: choose another, or give a reason to go on.",
            actions=[Action("Override…", notice.take_back)],
        )
        score = ScoreBox()
        score.show_score(Kind.DANGER, number="10", title="NEWS2: high", sentence="Emergency assessment.")
        tray = AlertTray(clock=lambda: NOW)
        tray.show_alerts(ALERTS)
        alerts = Card("Alerts")
        alerts.add(tray, stretch=1)
        middle, right = QVBoxLayout(), QVBoxLayout()
        for part in (form_card(), score, notice):
            middle.addWidget(part)
        right.addWidget(alerts, 2)
        right.addWidget(trend_card(), 3)
        columns = QHBoxLayout()
        columns.setSpacing(Space.M)
        columns.addWidget(queue_card(), 3)
        columns.addLayout(middle, 5)
        columns.addLayout(right, 3)
        page = QVBoxLayout(self)
        page.setContentsMargins(Space.L, Space.L, Space.L, Space.L)
        page.setSpacing(Space.M)
        page.addWidget(banner)
        page.addLayout(columns, 1)


class BannersWorkspace(Workspace):
    """The banner at its extremes, and every state of a list."""

    def __init__(self) -> None:
        super().__init__()
        page = QVBoxLayout(self)
        page.setContentsMargins(Space.L, Space.L, Space.L, Space.L)
        many = [problem(number, f"A problem with a long name {number}") for number in range(9)]
        for shown in (
            sample_banner(status=chart.AllergyStatus.NONE_KNOWN),
            sample_banner(LONG_NAME, status=chart.AllergyStatus.NOT_ASKED, problems=many),
        ):
            banner = PatientBanner()
            banner.show_patient(shown, today=NOW.date())
            banner.show_facts([("Ticket", "D-014", Kind.NEUTRAL), ("Waited", "1 h 04", Kind.WARNING)])
            page.addWidget(banner)
        row = QHBoxLayout()
        for title in ("Loading", "Empty", "Failed"):
            card = Card(title)
            card.add(self._states(title), stretch=1)
            row.addWidget(card)
        page.addLayout(row, 1)

    def _states(self, title: str) -> ListState:
        model = RowsModel(
            [Column[Waiting](title="Patient", text=lambda row: row.name)], key=lambda row: row.ticket
        )
        table = TableView(model, name=title)
        model.setParent(table)
        states = ListState(table, empty="Nobody is waiting")
        match title:
            case "Loading":
                states.show_loading()
            case "Empty":
                states.show_rows()
            case _:
                states.show_error(
                    "The queue could not be fetched: the server has not answered for 10 seconds."
                )
        return states


ENTRIES = [
    WorkspaceEntry(
        key="front", title="Front desk", icon_name="account-plus-outline", factory=WidgetsWorkspace
    ),
    WorkspaceEntry(key="nurse", title="Nurse", icon_name="heart-pulse", factory=BannersWorkspace),
    WorkspaceEntry(key="doctor", title="Doctor", icon_name="stethoscope", factory=Workspace),
    WorkspaceEntry(key="pharmacy", title="Pharmacy", icon_name="pill", factory=Workspace),
    WorkspaceEntry(key="billing", title="Billing", icon_name="cash-register", factory=Workspace),
]


def sample_frame() -> Frame:
    who = SignedInAs(name="Dr Ngozi Eze", role="Doctor", room="Room 2")
    frame = Frame(ENTRIES, who=who, clock=lambda: NOW, zone=ZONE)
    frame.header.set_menu([MenuEntry(key="out", words="Sign out", icon_name="logout")])
    frame.show_link(SampleLink())
    frame.show_stored(Stored(stored_at=NOW))
    frame.show_alerts(ALERTS)
    return frame


def empty_frame() -> QWidget:
    frame = sample_frame()
    frame.open("doctor")
    return frame


def banners_frame() -> QWidget:
    frame = sample_frame()
    frame.open("nurse")
    frame.show_link(SampleLink(connected=False))
    frame.show_stored(Stored(waiting=2))
    return frame


def login_page() -> QWidget:
    page = LoginPage("Unity Clinic")
    page.start("ngozi")
    page.password.set_hint("Caps Lock is on")
    return page


def pairing_page() -> QWidget:
    page = PairingPage(device_name="Front desk 1")
    page.show_servers([FoundServer(name="Unity Clinic, Enugu", address="192.168.1.10:7001")])
    page.show_refusal("This code is wrong or has run out. Ask for a new one.", field="code")
    return page


PAGES: dict[str, Callable[[], QWidget]] = {
    "widgets": sample_frame,
    "banners": banners_frame,
    "empty": empty_frame,
    "login": login_page,
    "pairing": pairing_page,
}


def act(frame: QWidget) -> None:
    """Opens what only opens when somebody does something."""
    if isinstance(frame, Frame) and frame.current_key == "front":
        frame.search.editor.setFocus()
        frame.search.editor.setText("ade")
        found = [
            Suggestion(value=1, words="Adaeze Okonkwo", detail="Female · 46 y · P000447-1", pill="Waiting"),
            Suggestion(value=2, words=LONG_NAME, detail="Female · ~30 y · P000448-9"),
        ]
        frame.search.suggest(found, for_text="ade")
    elif isinstance(frame, Frame) and frame.current_key == "doctor":
        frame.toggle_alerts()
    elif isinstance(frame, Frame):
        frame.announce(ALERTS[0])


def draw(application: QApplication, folder: Path, tokens: Tokens) -> None:
    """One picture of each page in each size, in this look."""
    for name, build in PAGES.items():
        for width, height in SIZES:
            window = MainWindow("Unity Clinic")
            apply_style(application, tokens, window=window)
            window.resize(width, height)
            page = build()
            window.show_page(page)
            window.show()
            window.activateWindow()
            QTest.qWait(50)
            act(page)
            QTest.qWait(450)
            path = folder / f"{name}-{width}x{height}-{tokens.theme}-{tokens.factor:.0%}.png"
            window.grab().save(str(path))
            print(path, window.size().toTuple())
            window.close()
            window.deleteLater()
            QTest.qWait(1)


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    application = QApplication([])
    for theme in Theme:
        draw(application, folder, Tokens(theme=theme))
    draw(application, folder, Tokens(factor=1.5))


if __name__ == "__main__":
    main()
