"""Reads the answers of a set-up from a file, and tries on this machine what they name."""

import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from hms_server.accounts.passwords import generate_password
from hms_server.backup.places import BadPlace, try_place
from hms_server.backup.recovery import RecoveryKey, RecoveryKeyWrong
from hms_server.contract.private_files import is_private
from hms_server.contract.setup import (
    LATER,
    NEW,
    AdministratorAnswers,
    PlanFault,
    SetupPlan,
    password_fault,
    plan_faults,
)
from hms_server.contract.setup_templates import RoomAnswer
from hms_server.database import DatabaseUnfit
from hms_server.demo.staff import STAFF
from hms_server.setup.external import try_database

S = TypeVar("S", bound=msgspec.Struct)

PASSWORD_VARIABLE = "HMS_ADMIN_PASSWORD"  # noqa: S105 - the name of a variable, not a password
_WANTED = {"str": "text in quotes", "int": "a whole number", "array": 'a list such as ["en", "fr"]'}


class PlanWrong(Exception):  # noqa: N818 - an answer to the person who wrote the file
    """The answers cannot be used; `faults` names every place."""

    def __init__(self, faults: list[PlanFault]) -> None:
        super().__init__(
            "\n".join(f"{fault.key}: {fault.sentence}" if fault.key else fault.sentence for fault in faults)
        )
        self.faults = faults


@dataclass(frozen=True, kw_only=True)
class Password:
    """The administrator's; a generated one has to be shown."""

    text: str
    generated: bool

    def __repr__(self) -> str:
        return f"Password(generated={self.generated})"


def read_plan_file(path: Path) -> SetupPlan:
    """The answers in a TOML file; `PlanWrong` where it is none, or names what does not exist."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise PlanWrong([PlanFault("", f"The file {path} cannot be read: {reason}.")]) from error
    plan = read_plan(text)
    secret = [
        key
        for key, value in (
            ("administrator.password", plan.administrator.password),
            ("database.dsn", plan.database.dsn),
            ("backup.recovery_key", plan.backup.recovery_key not in {LATER, NEW}),
        )
        if value
    ]
    if secret and not is_private(path):
        sentence = (
            f"Others on this machine may read this from the file: make it private with 'chmod 600 {path}'."
        )
        raise PlanWrong([PlanFault(key, sentence) for key in secret])
    return plan


def read_plan(text: str) -> SetupPlan:
    """The answers in a text, TOML or JSON; `PlanWrong` names every place that is not understood."""
    try:
        raw = json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text)
    except ValueError as error:
        raise PlanWrong([PlanFault("", f"The answers cannot be read: {error}.")]) from error
    faults: list[PlanFault] = []
    plan = _read(SetupPlan, raw, "", faults)
    if faults:
        # What could be read is looked at as well, so that one round of corrections is enough.
        known = {fault.key for fault in faults}
        more = [fault for fault in plan_faults(plan, first=False) if fault.key not in known]
        raise PlanWrong(faults + more)
    return plan


def check_here(plan: SetupPlan) -> list[PlanFault]:
    """What this machine says against the answers: folders are written to, databases are asked."""
    checks = {
        "administrator.user_name": _name_taken(plan),
        "administrator.password_file": _password_trouble(plan.administrator),
        "backup.place": _place_trouble(plan.backup.place),
        "backup.recovery_key": _key_trouble(plan.backup.recovery_key),
        "database.dsn": _database_trouble(plan.database.dsn),
    }
    return [PlanFault(key, sentence) for key, sentence in checks.items() if sentence]


def all_faults(plan: SetupPlan, *, first: bool) -> list[PlanFault]:
    """Those of the answers as such, and those that only this machine knows of; one for each place."""
    faults = plan_faults(plan, first=first)
    known = {fault.key for fault in faults}
    return faults + [fault for fault in check_here(plan) if fault.key not in known]


def choose_password(admin: AdministratorAnswers, environment: Mapping[str, str] = os.environ) -> Password:
    """The one in the answers, in the file that they name, in the environment, or a new one.

    `PlanWrong` where it is too weak or the file cannot be read.
    """
    given = admin.password or environment.get(PASSWORD_VARIABLE, "")
    key = "administrator.password"
    if admin.password_file:
        key = "administrator.password_file"
        given = _read_password(Path(admin.password_file))
    elif not given:
        return Password(text=generate_password(), generated=True)
    if sentence := password_fault(given, user_name=admin.user_name):
        raise PlanWrong([PlanFault(key, sentence)])
    return Password(text=given, generated=False)


def _read_password(path: Path) -> str:
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        sentence = f"The file {path} cannot be read: {reason}."
        raise PlanWrong([PlanFault("administrator.password_file", sentence)]) from error
    return text.rstrip("\r\n")


def _password_trouble(admin: AdministratorAnswers) -> str:
    if not admin.password_file:
        return ""
    try:
        choose_password(admin)
    except PlanWrong as wrong:
        return wrong.faults[0].sentence
    return ""


def _name_taken(plan: SetupPlan) -> str:
    name = plan.administrator.user_name.strip().lower()
    if plan.is_training and name in {each.user_name for each in STAFF}:
        return f"“{name}” is one of the made-up staff of a training clinic. Choose another user name."
    return ""


def _place_trouble(place: str) -> str:
    if not place:
        return ""
    try:
        try_place(Path(place))
    except BadPlace as bad:
        return str(bad)
    return ""


def _key_trouble(text: str) -> str:
    if text in {LATER, NEW}:
        return ""
    try:
        RecoveryKey.typed(text)
    except RecoveryKeyWrong as wrong:
        return str(wrong)
    return ""


def _database_trouble(dsn: str) -> str:
    if not dsn:
        return ""
    try:
        try_database(dsn)
    except DatabaseUnfit as unfit:
        return str(unfit)
    return ""


def _read(kind: type[S], raw: Any, path: str, faults: list[PlanFault]) -> S:
    """Each place by itself, since one that is wrong must not hide the next."""
    if not isinstance(raw, dict):
        faults.append(PlanFault(path, f"Write this as a part of its own: [{path}]."))
        return kind()
    known = {field.name: field for field in msgspec.structs.fields(kind)}
    inside = f"{path}." if path else ""
    for name in raw:
        if name not in known:
            sentence = f"There is no “{name}” here. Known are {', '.join(known)}."
            faults.append(PlanFault(f"{inside}{name}", sentence))
    values: dict[str, Any] = {}
    for name, field in known.items():
        if name in raw and raw[name] is not None:
            value = _value(field, raw[name], f"{inside}{name}", faults)
            if value is not None:
                values[name] = value
    required = [name for name, field in known.items() if field.required]
    faults.extend(PlanFault(f"{inside}{name}", "This is missing.") for name in required if name not in raw)
    # All that has to be there is text; an empty one stands for what is at fault already.
    return kind(**(dict.fromkeys(required, "") | values))


def _value(field: msgspec.structs.FieldInfo, raw: Any, path: str, faults: list[PlanFault]) -> Any:
    if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
        return _read(field.type, raw, path, faults)
    if field.name == "rooms":
        if not isinstance(raw, list):
            faults.append(PlanFault(path, "Write each room as a part of its own: [[rooms]]."))
            return None
        return tuple(_read(RoomAnswer, room, f"{path}.{place}", faults) for place, room in enumerate(raw, 1))
    try:
        return msgspec.convert(raw, field.type)
    except msgspec.ValidationError as error:
        faults.append(PlanFault(path, _in_words(str(error))))
        return None


def _in_words(message: str) -> str:
    """Msgspec's words are for programmers: "Expected `str`, got `int`"."""
    wanted = message.partition("Expected `")[2].partition("`")[0].partition(" ")[0]
    if wanted in _WANTED:
        return f"Write {_WANTED[wanted]} here."
    if "enum value" in message:
        return "This is none of the words that are possible here: write “empty” or “training”."
    return f"This is not understood: {message}."
