"""What the menu of whoever is signed in offers."""

from PySide6.QtCore import QCoreApplication

from hms_desktop.shell.header import MenuEntry


def person_menu(*, has_workplace: bool) -> list[MenuEntry]:
    """In the order of the menu; the keys are what `App` acts on. A demo has no workplace of its own."""
    entries = [
        MenuEntry(key="theme", words=_tr("Light or dark"), icon_name="theme-light-dark"),
        MenuEntry(key="text", words=_tr("Larger text"), icon_name="format-size"),
        MenuEntry(key="workplace", words=_tr("This workplace"), icon_name="desktop-classic"),
        MenuEntry(key="password", words=_tr("Change password"), icon_name="key-outline"),
        MenuEntry(key="about", words=_tr("About this program"), icon_name="information-outline"),
        MenuEntry(key="sign_out", words=_tr("Sign out"), icon_name="logout"),
    ]
    return [entry for entry in entries if has_workplace or entry.key != "workplace"]


def _tr(text: str) -> str:
    return QCoreApplication.translate("App", text)
