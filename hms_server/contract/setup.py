"""The answers of a clinic's first start, and what is right and wrong about them."""

import re
from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from hms_server.contract.patients import LANGUAGES
from hms_server.contract.setup_templates import QUEUES, RoomAnswer, load_templates
from hms_server.contract.values import MINOR_DIGITS
from hms_server.contract.zones import customs_of, find_zones, is_zone

MIN_PASSWORD_LENGTH = 8
USUAL_TEMPLATE = "small-clinic"
MAX_NAME = 60
MAX_CLINIC_NAME = 80
TRAINING_CURRENCY = "NGN"
TRAINING_MARK = "TRAINING"
LATER, NEW = "later", "new"
"""Answers to the question for a recovery key, beside a key that was made before and written down."""
_USER_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}")
_CURRENCIES = {
    "NGN": "Nigerian naira",
    "GHS": "Ghanaian cedi",
    "XOF": "West African CFA franc",
    "XAF": "Central African CFA franc",
    "KES": "Kenyan shilling",
    "ZAR": "South African rand",
    "USD": "US dollar",
    "EUR": "Euro",
    "GBP": "Pound sterling",
}
CURRENCIES = {code: _CURRENCIES.get(code, code) for code in sorted(MINOR_DIGITS, key=list(_CURRENCIES).index)}
"""What a clinic may count in, with names."""


class _Answers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of the answers."""


class ClinicAnswers(_Answers, frozen=True, kw_only=True):
    """`languages`: BCP 47 codes of `LANGUAGES`; patients are written to in the first one.

    `contents` "training" fills the clinic with made-up patients; it can never become a real one. What is
    left empty takes the usual at the first start, and stays as it is where the clinic exists.
    """

    name: str = ""
    time_zone: str = ""
    currency: str = ""
    languages: tuple[str, ...] = ()
    template: str = ""
    contents: Literal["empty", "training"] = "empty"


class AdministratorAnswers(_Answers, frozen=True, kw_only=True):
    """A password stands in one of the two places or in the environment; without any, one is generated."""

    user_name: str = "admin"
    name: str = "Administrator"
    password: str = ""
    password_file: str = ""

    def __repr__(self) -> str:
        # Answers may end up in a traceback; the password must not.
        return f"AdministratorAnswers(user_name={self.user_name!r})"


class BackupAnswers(_Answers, frozen=True, kw_only=True):
    """`place` is a folder; `hour` is the clinic's own, 0 to 23, None for the usual.

    `recovery_key`: "later", "new", or a key that was made before and is written down.
    """

    place: str = ""
    hour: int | None = None
    recovery_key: str = LATER

    def __repr__(self) -> str:
        return f"BackupAnswers(place={self.place!r}, hour={self.hour})"


class DatabaseAnswers(_Answers, frozen=True, kw_only=True):
    """`dsn` names a PostgreSQL of one's own; empty: the embedded one."""

    dsn: str = ""

    def __repr__(self) -> str:
        return f"DatabaseAnswers(own={bool(self.dsn)})"


class SetupPlan(_Answers, frozen=True, kw_only=True):
    """All answers. `rooms` None means those of the template."""

    clinic: ClinicAnswers = ClinicAnswers()
    rooms: tuple[RoomAnswer, ...] | None = None
    administrator: AdministratorAnswers = AdministratorAnswers()
    backup: BackupAnswers = BackupAnswers()
    database: DatabaseAnswers = DatabaseAnswers()

    @property
    def is_training(self) -> bool:
        return self.clinic.contents == "training"

    @property
    def clinic_name(self) -> str:
        """As it will stand on every screen and paper; that of a training clinic says so."""
        name = " ".join(self.clinic.name.split())
        return f"{name} – {TRAINING_MARK}" if self.is_training else name

    def all_rooms(self) -> tuple[RoomAnswer, ...]:
        """The rooms of a new clinic by this plan; KeyError for a template that does not exist."""
        return (
            load_templates()[self.clinic.template or USUAL_TEMPLATE].rooms
            if self.rooms is None
            else self.rooms
        )

    def all_languages(self) -> tuple[str, ...]:
        """The languages of a new clinic by this plan: without an answer, the usual one of its country."""
        customs = customs_of(self.clinic.time_zone)
        return self.clinic.languages or ((customs.language,) if customs else ("en",))


class PlanFault(msgspec.Struct, frozen=True):
    """What is wrong at one place of the answers, such as `clinic.time_zone` or `rooms.2.queue`."""

    key: str
    sentence: str


class SetupNews(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="news"):
    """A line of `hms-server setup --json` while it works."""

    text: str


class SetupDone(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="done"):
    """The last line where it went well; secrets are shown this once and kept nowhere.

    `recovery_mark` tells which recovery key the backups are sealed to, and is no secret.
    """

    clinic: str
    created: bool
    changes: list[str]
    user_name: str = ""
    password: str = ""
    recovery_key: str = ""
    recovery_mark: str = ""
    people: list[str] = []
    next_steps: list[str] = []


class SetupFailed(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="failed"):
    """The last line where nothing was stored: the faults with their keys, or one sentence."""

    faults: list[PlanFault]


class SetupCheck(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of `hms-server setup --check FILE --json`; `changes`: what would change about a clinic."""

    faults: list[PlanFault]
    changes: list[str] = []


SetupLine = SetupNews | SetupDone | SetupFailed


def name_fault(name: str) -> str:
    """Empty where the clinic's name can be used."""
    if not name.strip():
        return "Give the clinic its name, as it shall stand on receipts."
    return _length_fault(name, most=MAX_CLINIC_NAME)


def zone_fault(zone: str) -> str:
    """Empty for an exact name; otherwise what may be meant."""
    if not zone.strip():
        return "Name the time zone, such as Africa/Lagos."
    if is_zone(zone):
        return ""
    offered = find_zones(zone)
    if not offered:
        return f"There is no time zone “{zone}”. Write it like Africa/Lagos or Africa/Accra."
    return f"There is no time zone “{zone}”. Did you mean {_either(offered)}?"


def currency_fault(currency: str) -> str:
    """Empty for a currency that the program can count in."""
    if currency in MINOR_DIGITS:
        return ""
    return f"“{currency}” is not a currency that can be used here. Choose one of {', '.join(CURRENCIES)}."


def languages_fault(languages: Sequence[str]) -> str:
    """Empty where at least one language was named and all are known."""
    if not languages:
        return "Name at least one language, such as “en”."
    unknown = [code for code in languages if code not in LANGUAGES]
    if unknown:
        return f"The language “{unknown[0]}” is not known. Choose among {', '.join(LANGUAGES)}."
    return "" if len(set(languages)) == len(languages) else "A language stands here twice."


def template_fault(template: str) -> str:
    """Empty for a template that is shipped."""
    known = load_templates()
    if template in known:
        return ""
    return f"There is no template “{template}”. Choose one of {', '.join(known)}."


def user_name_fault(user_name: str) -> str:
    """Empty for a name with which somebody may sign in; it is kept in small letters."""
    if _USER_NAME.fullmatch(user_name.strip().lower()):
        return ""
    return "Write a user name of 2 to 40 letters and digits without blanks, such as “esi”."


def person_fault(name: str) -> str:
    """Empty for a person's name that colleagues can read."""
    return _length_fault(name) if name.strip() else "Write the name as colleagues shall read it."


def password_fault(password: str, *, user_name: str = "") -> str:
    """Empty for a password that may be used."""
    if len(password) < MIN_PASSWORD_LENGTH:
        return f"The password needs at least {MIN_PASSWORD_LENGTH} characters."
    if "\0" in password or "\n" in password:
        return "The password may not contain line breaks."
    if password.lower() == user_name.strip().lower():
        return "The password must not be the user name."
    return ""


def room_fault(room: RoomAnswer) -> PlanFault | None:
    """What is wrong with one room, at the field of its own; None where it is right."""
    if not room.name.strip() or (sentence := _length_fault(room.name)):
        return PlanFault("name", sentence if room.name.strip() else "The room needs a name.")
    if not room.department.strip() or (sentence := _length_fault(room.department)):
        return PlanFault("department", sentence if room.department.strip() else "Name the room's department.")
    if room.queue and room.queue not in QUEUES:
        return PlanFault("queue", f"“{room.queue}” is no queue. Choose one of {', '.join(QUEUES)}, or none.")
    return None


def rooms_faults(rooms: Sequence[RoomAnswer], *, key: str = "rooms") -> list[PlanFault]:
    """All that is wrong with the rooms, each with its place in the list, counted from 1."""
    if not rooms:
        return [PlanFault(key, "A clinic needs at least one room.")]
    found: list[PlanFault] = []
    names: set[str] = set()
    for place, room in enumerate(rooms, 1):
        fault = room_fault(room)
        name = room.name.strip().casefold()
        if fault is None and name in names:
            fault = PlanFault("name", f"There is another room “{room.name.strip()}”. Name them apart.")
        names.add(name)
        if fault is not None:
            found.append(PlanFault(f"{key}.{place}.{fault.key}", fault.sentence))
    return found


def hour_fault(hour: int) -> str:
    """Empty for an hour of the day."""
    return "" if 0 <= hour <= 23 else "Write the hour as a number from 0 to 23."  # noqa: PLR2004 - the hours of a day


def plan_faults(plan: SetupPlan, *, first: bool = True) -> list[PlanFault]:
    """All that is wrong with the answers as such, each with its key; nothing outside is looked at.

    Where the clinic exists already (`first` False), what is left empty stays as it is.
    """
    found = _clinic_faults(plan, first=first) | _administrator_faults(plan.administrator)
    found["backup.hour"] = "" if plan.backup.hour is None else hour_fault(plan.backup.hour)
    faults = [PlanFault(key, sentence) for key, sentence in found.items() if sentence]
    return faults + ([] if plan.rooms is None else rooms_faults(plan.rooms))


def _clinic_faults(plan: SetupPlan, *, first: bool) -> dict[str, str]:
    clinic = plan.clinic
    return {
        "clinic.name": name_fault(clinic.name) if clinic.name or first else "",
        "clinic.time_zone": zone_fault(clinic.time_zone) if clinic.time_zone or first else "",
        "clinic.currency": currency_fault(clinic.currency) if clinic.currency or first else "",
        "clinic.languages": languages_fault(clinic.languages) if clinic.languages else "",
        "clinic.template": template_fault(clinic.template) if clinic.template else "",
        "clinic.contents": _training_fault(plan),
    }


def _administrator_faults(admin: AdministratorAnswers) -> dict[str, str]:
    password = password_fault(admin.password, user_name=admin.user_name) if admin.password else ""
    both = admin.password and admin.password_file
    return {
        "administrator.user_name": user_name_fault(admin.user_name),
        "administrator.name": person_fault(admin.name),
        "administrator.password": password,
        "administrator.password_file": "Give the password or a file with it, not both." if both else "",
    }


def price_warning(currency: str) -> str:
    """What somebody has to know who counts in another currency than the shipped price list."""
    if currency == TRAINING_CURRENCY:
        return ""
    return (
        f"The shipped prices are in {TRAINING_CURRENCY}: in {currency} every service and medicine starts "
        "without a price. The administrator types yours under Prices; until then a bill says “price missing”."
    )


def _training_fault(plan: SetupPlan) -> str:
    if not plan.is_training:
        return ""
    if plan.clinic.currency != TRAINING_CURRENCY:
        return f"The made-up patients of a training clinic pay in {TRAINING_CURRENCY}: choose that currency."
    return "A training clinic brings its own rooms: leave yours out." if plan.rooms is not None else ""


def _length_fault(text: str, *, most: int = MAX_NAME) -> str:
    if any(ord(sign) < 32 for sign in text):  # noqa: PLR2004 - below the blank, ASCII has control characters
        return "This text contains a line break or another control character. Type it anew."
    return "" if len(text.strip()) <= most else f"Use {most} characters at most."


def _either(names: Iterable[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} or {last}" if first else last
