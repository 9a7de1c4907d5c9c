"""Shows the rooms of a clinic at the terminal and lets a person change the list."""

from collections.abc import Sequence

from msgspec import structs

from hms_server.contract.setup import room_fault, rooms_faults
from hms_server.contract.setup_templates import QUEUES, RoomAnswer
from hms_server.setup.terminal import Terminal

Rooms = tuple[RoomAnswer, ...]

_HELP = "  Enter: these are right.  3 = New name   - 3   + Department / Room / queue   ?"
_MORE_HELP = f"""\
  3 = Room 12                      room 3 is called so
  - 3                              room 3 is left out
  + Eye clinic / Eye room / doctor a room is added; the queue is one of {", ".join(QUEUES)},
                                   or nothing where nobody is called"""


def show_rooms(terminal: Terminal, rooms: Sequence[RoomAnswer]) -> None:
    """Numbered, below their departments."""
    department = ""
    for number, room in enumerate(rooms, 1):
        if room.department != department:
            department = room.department
            terminal.say(f"  {department}")
        terminal.say(f"    {number:>2}  {room.name}{f'  (calls: {room.queue})' if room.queue else ''}")


def change_rooms(terminal: Terminal, rooms: Rooms) -> Rooms:
    """The rooms after all changes that somebody types."""
    terminal.say(_HELP)
    while True:
        typed = terminal.ask("Rooms")
        if not typed:
            return rooms
        changed = _changed(terminal, rooms, typed)
        faults = rooms_faults(changed)
        if faults:
            terminal.say(f"  {faults[0].sentence}")
        elif changed != rooms:
            rooms = changed
            show_rooms(terminal, rooms)


def ask_new_rooms(terminal: Terminal, *, taken: Sequence[str]) -> Rooms:
    """Rooms that a clinic gets in addition."""
    terminal.say("  Write each as: Department / Room / queue. Enter without one ends the list.")
    rooms: Rooms = ()
    there = {name.casefold() for name in taken}
    while typed := terminal.ask("New room"):
        room = read_room(typed)
        fault = room_fault(room)
        if fault is not None:
            terminal.say(f"  {fault.sentence}")
        elif room.name.casefold() in there:
            terminal.say(f"  There is a room “{room.name}” already.")
        else:
            there.add(room.name.casefold())
            rooms = (*rooms, room)
    return rooms


def read_room(typed: str) -> RoomAnswer:
    """`Department / Room / queue`; what is missing stays empty, and is found by `room_fault`."""
    parts = [part.strip() for part in typed.split("/")]
    department, name, queue = (*parts, "", "", "")[:3]
    return RoomAnswer(department=department, name=name, queue=queue.lower())


def _changed(terminal: Terminal, rooms: Rooms, typed: str) -> Rooms:
    sign, rest = typed[0], typed[1:].strip()
    number, is_name, name = typed.partition("=")
    if sign == "+":
        return _sorted((*rooms, read_room(rest)))
    if sign == "-" and (place := _place(rest, rooms)) is not None:
        return rooms[:place] + rooms[place + 1 :]
    if is_name and (place := _place(number, rooms)) is not None:
        return (*rooms[:place], structs.replace(rooms[place], name=name.strip()), *rooms[place + 1 :])
    terminal.say(_MORE_HELP)
    return rooms


def _place(typed: str, rooms: Rooms) -> int | None:
    number = int(typed) if typed.strip().isdecimal() else 0
    return number - 1 if 1 <= number <= len(rooms) else None


def _sorted(rooms: Rooms) -> Rooms:
    """A new room stands with its department."""
    departments = list(dict.fromkeys(room.department for room in rooms))
    return tuple(sorted(rooms, key=lambda room: departments.index(room.department)))
