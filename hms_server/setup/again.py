"""The set-up of a clinic that exists: shows what there is, and asks what shall be added."""

from msgspec import structs

from hms_server.backup.recovery import RecoveryKey, RecoveryKeyWrong
from hms_server.backup.settings import BackupSettings
from hms_server.contract.setup import SetupPlan
from hms_server.contract.setup_templates import QUEUES, RoomAnswer
from hms_server.setup.dialogue import ask_languages, ask_place, ask_recovery_key
from hms_server.setup.found import FoundClinic
from hms_server.setup.rooms import ask_new_rooms, show_rooms
from hms_server.setup.terminal import Terminal, WentBack

_WORDS = {code: word for word, code in QUEUES.items()}
_DONE = "That is all"


def ask_changes(terminal: Terminal, found: FoundClinic, settings: BackupSettings) -> SetupPlan:
    """What somebody wants to have added; nothing is stored yet."""
    terminal.say(f"The clinic “{found.name}” exists. Nothing is changed without a question.")
    for line in _state(found, settings):
        terminal.say(f"  {line}")
    plan = SetupPlan()
    while True:
        offered = ["Add rooms", "Languages", "Backup folder and hour", _key_words(settings), _DONE]
        chosen = terminal.choose("\nWhat is to be done", offered, default=len(offered) - 1)
        if offered[chosen] == _DONE:
            return plan
        try:
            plan = _ask(terminal, plan, found, settings, chosen)
        except WentBack:
            continue


def _ask(
    terminal: Terminal, plan: SetupPlan, found: FoundClinic, settings: BackupSettings, chosen: int
) -> SetupPlan:
    if chosen == 0:
        rooms = [
            RoomAnswer(department=room.department, name=room.name, queue=_WORDS.get(room.service or "", ""))
            for room in found.rooms
        ]
        show_rooms(terminal, rooms)
        earlier = plan.rooms or ()
        new = ask_new_rooms(terminal, taken=[room.name for room in (*rooms, *earlier)])
        return structs.replace(plan, rooms=(*earlier, *new) or None)
    if chosen == 1:
        languages = plan.clinic.languages or found.languages
        known = structs.replace(plan, clinic=structs.replace(plan.clinic, languages=languages))
        return ask_languages(terminal, known)
    if chosen == 2:  # noqa: PLR2004 - the places of the list above
        place = plan.backup.place or next((str(place) for place in settings.places), "")
        hour = settings.hour if plan.backup.hour is None else plan.backup.hour
        return ask_place(
            terminal, structs.replace(plan, backup=structs.replace(plan.backup, place=place, hour=hour))
        )
    if settings.recovery_public is None:
        return ask_recovery_key(terminal, plan)
    return structs.replace(
        plan, backup=structs.replace(plan.backup, recovery_key=_typed_key(terminal, settings))
    )


def _typed_key(terminal: Terminal, settings: BackupSettings) -> str:
    def wrong(typed: str) -> str:
        try:
            key = RecoveryKey.typed(typed)
        except RecoveryKeyWrong as error:
            return str(error)
        return "" if key.public == settings.recovery_public else "This is not the key of this clinic."

    return RecoveryKey.typed(terminal.ask("The recovery key from your paper", wrong=wrong)).text


def _key_words(settings: BackupSettings) -> str:
    if settings.recovery_public is None:
        return "Make a recovery key"
    return "Confirm the recovery key by typing it from paper"


def _state(found: FoundClinic, settings: BackupSettings) -> list[str]:
    places = ", ".join(str(place) for place in settings.places) or "nowhere, which is an alarm"
    key = "none yet, so nothing can be sealed" if settings.recovery_public is None else "made, not confirmed"
    return [
        f"Time zone       {found.time_zone}",
        f"Currency        {found.currency}",
        f"Languages       {', '.join(found.languages)}",
        f"Rooms           {len(found.rooms)}",
        f"Backups         {places}, at {settings.hour}:00",
        f"Recovery key    {'on paper' if settings.confirmed else key}",
    ] + (["Training        made-up patients; it never becomes a real clinic"] if found.training else [])
