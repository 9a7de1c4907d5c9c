"""The first start at a terminal: one question after the other, with the answers kept when going back."""

import secrets
from collections.abc import Callable
from pathlib import Path

from msgspec import structs

from hms_server.amounts import size_text
from hms_server.backup.places import BadPlace, try_place
from hms_server.backup.recovery import RecoveryKey
from hms_server.contract.patients import LANGUAGES
from hms_server.contract.recovery import plain_signs
from hms_server.contract.setup import (
    CURRENCIES,
    LATER,
    TRAINING_CURRENCY,
    USUAL_TEMPLATE,
    SetupPlan,
    currency_fault,
    hour_fault,
    languages_fault,
    name_fault,
    password_fault,
    person_fault,
    price_warning,
    user_name_fault,
    zone_fault,
)
from hms_server.contract.setup_templates import load_templates
from hms_server.contract.zones import country_of, customs_of, find_zones, is_zone, zone_of_machine
from hms_server.database import DatabaseUnfit
from hms_server.demo.staff import STAFF
from hms_server.setup.external import try_database
from hms_server.setup.rooms import change_rooms, show_rooms
from hms_server.setup.terminal import Terminal, WentBack

Step = Callable[[Terminal, SetupPlan], SetupPlan]
_USUAL_HOUR = 2


def ask_all(terminal: Terminal, plan: SetupPlan) -> SetupPlan:
    """All answers of a first start; `plan` holds what is offered as default. Nothing is stored."""
    terminal.say("This sets the clinic up. Enter takes what stands in brackets, “<” goes back,")
    terminal.say("Ctrl+C ends it: nothing is stored before the last question.")
    steps = _STEPS
    place = 0
    while place < len(steps):
        title, step = steps[place]
        if not (plan.is_training and step in _REAL_ONLY):
            terminal.say(f"\n{place + 1}/{len(steps)}  {title}")
        try:
            plan = plan if plan.is_training and step in _REAL_ONLY else step(terminal, plan)
        except WentBack:
            place = _before(place, plan)
        else:
            place += 1
    return plan


def summary(plan: SetupPlan) -> list[str]:
    """What would be done, as it is shown before the last question."""
    languages = ", ".join(LANGUAGES[code] for code in plan.all_languages())
    rooms = "those of the made-up clinic" if plan.is_training else f"{len(plan.all_rooms())}"
    password = "as typed" if plan.administrator.password else "generated, shown once at the end"
    return [
        f"Clinic          {plan.clinic_name}",
        f"Time zone       {plan.clinic.time_zone}",
        f"Currency        {plan.clinic.currency}",
        f"Languages       {languages}",
        f"Rooms           {rooms}",
        f"Administrator   {plan.administrator.user_name} ({plan.administrator.name}); password {password}",
        f"Recovery key    {'later' if plan.backup.recovery_key == LATER else 'written down'}",
        f"Backups         {plan.backup.place or 'nowhere yet'}",
        f"Database        {'your own PostgreSQL' if plan.database.dsn else 'brought along'}",
    ]


def ask_kind(terminal: Terminal, plan: SetupPlan) -> SetupPlan:
    """A clinic for training is a decision for good, so it comes first."""
    offered = (
        "An empty clinic, for real patients",
        "A clinic for training, full of made-up patients; it never becomes a real one",
    )
    chosen = terminal.choose("Which", offered, default=int(plan.is_training))
    contents = "training" if chosen else "empty"
    clinic = structs.replace(plan.clinic, contents=contents)
    if contents == "training":
        return structs.replace(plan, rooms=None, clinic=structs.replace(clinic, currency=TRAINING_CURRENCY))
    return structs.replace(plan, clinic=clinic)


def ask_name(terminal: Terminal, plan: SetupPlan) -> SetupPlan:
    """As it stands on receipts."""
    name = terminal.ask("Name of the clinic", default=plan.clinic.name, wrong=name_fault)
    return structs.replace(plan, clinic=structs.replace(plan.clinic, name=" ".join(name.split())))


def ask_zone(terminal: Terminal, plan: SetupPlan) -> SetupPlan:
    """A city or a country will do; several that fit are offered."""
    default = plan.clinic.time_zone or zone_of_machine() or "Africa/Lagos"
    while True:
        typed = terminal.ask("Time zone, a city or a country", default=default)
        offered = [typed] if is_zone(typed) else find_zones(typed)
        if len(offered) == 1:
            country = country_of(offered[0])
            terminal.say(f"  {offered[0]}{f' ({country.name})' if country else ''}")
            return structs.replace(plan, clinic=structs.replace(plan.clinic, time_zone=offered[0]))
        terminal.say(f"  {zone_fault(typed)}")


def ask_currency(terminal: Terminal, plan: SetupPlan) -> SetupPlan:
    """The country's own is offered; another one than the price list's is said to be so."""
    customs = customs_of(plan.clinic.time_zone)
    default = plan.clinic.currency or (customs.currency if customs else "")
    terminal.say("  " + ", ".join(f"{code} {name}" for code, name in CURRENCIES.items()))
    typed = terminal.ask("Currency", default=default, wrong=lambda code: currency_fault(code.upper()))
    if warning := price_warning(typed.upper()):
        terminal.say(f"  {warning}")
    return structs.replace(plan, clinic=structs.replace(plan.clinic, currency=typed.upper()))


def ask_languages(terminal: Terminal, plan: SetupPlan) -> SetupPlan:
    """The first one is that in which patients are written to who have not said otherwise."""
    terminal.say("  " + ", ".join(f"{code} {name}" for code, name in LANGUAGES.items()))
    typed = terminal.ask(
        "Languages, the one for messages first",
        default=" ".join(plan.all_languages()),
        wrong=lambda text: languages_fault(_codes(text)),
    )
    return structs.replace(plan, clinic=structs.replace(plan.clinic, languages=_codes(typed)))


def ask_rooms(terminal: Terminal, plan: SetupPlan) -> SetupPlan:
    """A template first, then its rooms until they are right."""
    templates = load_templates()
    names = list(templates)
    before = plan.clinic.template or USUAL_TEMPLATE
    offered = [f"{each.title}: {each.description}" for each in templates.values()]
    chosen = names[terminal.choose("Template", offered, default=names.index(before))]
    rooms = plan.rooms if plan.rooms is not None and chosen == before else templates[chosen].rooms
    show_rooms(terminal, rooms)
    rooms = change_rooms(terminal, rooms)
    own = None if rooms == templates[chosen].rooms else rooms
    return structs.replace(plan, rooms=own, clinic=structs.replace(plan.clinic, template=chosen))


def ask_administrator(terminal: Terminal, plan: SetupPlan) -> SetupPlan:
    """The one person who can sign in afterwards, and adds all others."""
    admin = plan.administrator
    user_name = terminal.ask(
        "User name of the administrator",
        default=admin.user_name,
        wrong=lambda typed: user_name_fault(typed) or _taken(typed, plan),
    )
    user_name = user_name.lower()
    name = terminal.ask("Name, as colleagues read it", default=admin.name, wrong=person_fault)
    password = terminal.password("Password", wrong=lambda typed: password_fault(typed, user_name=user_name))
    changed = structs.replace(admin, user_name=user_name, name=name, password=password)
    return structs.replace(plan, administrator=changed)


def ask_recovery_key(terminal: Terminal, plan: SetupPlan) -> SetupPlan:
    """Shown here and nowhere else; two of its groups are asked back, so that a paper exists."""
    terminal.say("  Backups are sealed. Only the recovery key opens them, and only paper keeps it.")
    offered = ("Now: it is shown, and you write it down", "Later: until then no backup is made")
    if terminal.choose("Recovery key", offered) == 1:
        return structs.replace(plan, backup=structs.replace(plan.backup, recovery_key=LATER))
    kept = plan.backup.recovery_key
    key = RecoveryKey.new() if kept == LATER else RecoveryKey.typed(kept)
    while not is_written_down(terminal, key):
        terminal.say("  This is not what stands above. Compare your paper with it.")
    return structs.replace(plan, backup=structs.replace(plan.backup, recovery_key=key.text))


def is_written_down(terminal: Terminal, key: RecoveryKey) -> bool:
    """Shows the key and asks two of its groups back."""
    groups = key.text.split("-")
    terminal.say(f"\n      {key.text}\n\n  Mark {key.mark}. Write it down now, twice; it is not shown again.")
    first, second = sorted(secrets.SystemRandom().sample(range(len(groups)), 2))
    return all(
        plain_signs(terminal.ask(f"Group {place + 1} from your paper")) == groups[place]
        for place in (first, second)
    )


def ask_place(terminal: Terminal, plan: SetupPlan) -> SetupPlan:
    """Tried by writing; nowhere is possible and stays an alarm until it is mended."""
    terminal.say("  A folder on another disk, such as a USB disk or a network drive that is always there.")
    place = terminal.ask("Backup folder, or “later”", default=plan.backup.place or LATER, wrong=_bad_place)
    place = "" if place == LATER else place
    backup = structs.replace(plan.backup, place=place)
    if not place:
        terminal.say(
            "  Without a place nothing is backed up. Every administrator is reminded until there is one."
        )
        return structs.replace(plan, backup=backup)
    terminal.say(f"  Written and read; {size_text(try_place(Path(place)))} free.")
    hour = _USUAL_HOUR if backup.hour is None else backup.hour
    typed = terminal.ask("Hour of the nightly backup", default=str(hour), wrong=_bad_hour)
    return structs.replace(plan, backup=structs.replace(backup, hour=int(typed)))


def ask_database(terminal: Terminal, plan: SetupPlan) -> SetupPlan:
    """The one that is brought along needs nobody who looks after it."""
    offered = (
        "The PostgreSQL that is brought along (usual)",
        "A PostgreSQL of your own, which somebody looks after",
    )
    if terminal.choose("Database", offered, default=int(bool(plan.database.dsn))) == 0:
        return structs.replace(plan, database=structs.replace(plan.database, dsn=""))
    terminal.say("  Such as postgresql://user:password@host:5432/database; PostgreSQL 15 or newer, UTF-8.")
    dsn = terminal.ask("Address", default=plan.database.dsn, wrong=bad_database)
    found = try_database(dsn)
    terminal.say(f"  PostgreSQL {found.version} answers, and its rights suffice.")
    if found.clinic:
        terminal.say(
            f"  It holds the clinic “{found.clinic}” already: the set-up then only adds what is missing."
        )
    return structs.replace(plan, database=structs.replace(plan.database, dsn=dsn))


def bad_database(dsn: str) -> str:
    """What stands against a database, or nothing."""
    try:
        try_database(dsn)
    except DatabaseUnfit as unfit:
        return str(unfit)
    return ""


def _bad_place(place: str) -> str:
    if place == LATER:
        return ""
    try:
        try_place(Path(place))
    except BadPlace as bad:
        return str(bad)
    return ""


def _bad_hour(typed: str) -> str:
    return hour_fault(int(typed) if typed.isdecimal() else -1)


def _codes(typed: str) -> tuple[str, ...]:
    return tuple(typed.lower().replace(",", " ").split())


def _taken(typed: str, plan: SetupPlan) -> str:
    if plan.is_training and typed.strip().lower() in {each.user_name for each in STAFF}:
        return "That is one of the made-up staff. Choose another one."
    return ""


def _before(place: int, plan: SetupPlan) -> int:
    """The step before, over those that a training clinic leaves out."""
    earlier = [
        number for number in range(place) if not (plan.is_training and _STEPS[number][1] in _REAL_ONLY)
    ]
    return earlier[-1] if earlier else 0


_STEPS: tuple[tuple[str, Step], ...] = (
    ("What for", ask_kind),
    ("The clinic", ask_name),
    ("Time zone", ask_zone),
    ("Currency", ask_currency),
    ("Languages", ask_languages),
    ("Departments and rooms", ask_rooms),
    ("Administrator", ask_administrator),
    ("Recovery key", ask_recovery_key),
    ("Backups", ask_place),
    ("Database", ask_database),
)
_REAL_ONLY = frozenset({ask_currency, ask_rooms})
