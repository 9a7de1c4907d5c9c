"""How roles are called on every screen."""

from PySide6.QtCore import QCoreApplication

from hms_server.contract.values import Role


def role_word(role: Role) -> str:
    """The word for a role."""
    return {
        Role.RECEPTIONIST: _tr("Receptionist"),
        Role.NURSE: _tr("Nurse"),
        Role.DOCTOR: _tr("Doctor"),
        Role.PHARMACIST: _tr("Pharmacist"),
        Role.CASHIER: _tr("Cashier"),
        Role.ADMINISTRATOR: _tr("Administrator"),
        Role.DISPLAY: _tr("Display"),
        Role.KIOSK: _tr("Kiosk"),
    }[role]


def _tr(text: str) -> str:
    return QCoreApplication.translate("roles", text)
