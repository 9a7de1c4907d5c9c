"""The columns of staff and devices."""

from collections.abc import Sequence
from datetime import date, tzinfo

from PySide6.QtCore import QCoreApplication

from hms_desktop.widgets.role_words import role_word
from hms_desktop.widgets.rows import Align, Column
from hms_desktop.widgets.tokens import Kind
from hms_desktop.widgets.words import date_text, moment_text
from hms_server.contract.accounts import Device, StaffMember
from hms_server.contract.values import Role


def staff_columns(*, zone: tzinfo, today: date) -> list[Column[StaffMember]]:
    """Who may sign in, as what, and whether they are in."""

    def seen(member: StaffMember) -> str:
        return moment_text(member.last_seen_at, zone, today=today) if member.last_seen_at else _tr("never")

    return [
        Column(title=_tr("Name"), text=lambda member: member.name, strong=True, stretch=3),
        Column(title=_tr("User name"), text=lambda member: member.user_name),
        Column(title=_tr("Roles"), text=lambda member: _roles(member.roles), stretch=2),
        Column(title=_tr("State"), text=_state, pill=_state_kind),
        Column(title=_tr("Last seen"), text=seen, align=Align.END),
    ]


def device_columns(*, zone: tzinfo) -> list[Column[Device]]:
    """Which device is which, and whether it may still connect."""
    return [
        Column(title=_tr("Device"), text=lambda device: device.name, strong=True, stretch=1),
        Column(title=_tr("Key"), text=lambda device: device.fingerprint),
        Column(title=_tr("Program"), text=lambda device: device.version or "–"),
        Column(title=_tr("Paired"), text=lambda device: date_text(device.paired_at.astimezone(zone).date())),
        Column(title=_tr("State"), text=_device_state, pill=_device_kind, tooltip=_device_hint),
    ]


def _device_state(device: Device) -> str:
    if device.revoked:
        return _tr("Revoked")
    return _tr("Old program") if device.is_outdated else _tr("Paired")


def _device_kind(device: Device) -> Kind:
    if device.revoked:
        return Kind.NEUTRAL
    return Kind.WARNING if device.is_outdated else Kind.OK


def _device_hint(device: Device) -> str:
    return _tr("Its program is older than the server's.") if device.is_outdated else ""


def _roles(roles: Sequence[Role]) -> str:
    return ", ".join(role_word(role) for role in roles)


def _state(member: StaffMember) -> str:
    if not member.active:
        return _tr("Switched off")
    return _tr("Signed in") if member.open_sessions else _tr("Signed out")


def _state_kind(member: StaffMember) -> Kind:
    if not member.active:
        return Kind.WARNING
    return Kind.OK if member.open_sessions else Kind.NEUTRAL


def _tr(text: str) -> str:
    return QCoreApplication.translate("accounts", text)
