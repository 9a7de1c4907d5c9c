"""Checks of the machine itself: its clock, its memory, its limits, its printer."""

import locale
import sys
import time
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import psutil

from hms_server.postgres_tuning import MEGABYTE, this_machine
from hms_server.upkeep.checking import Answer, Ground, Verdict, good, note, unknown, wrong
from hms_server.upkeep.facts import newest_moment
from hms_server.upkeep.processes import holder_of, is_ours, open_files_of
from hms_server.upkeep.rules import JUMP_TOLD
from hms_server.upkeep.time_watch import LATE, built_at, is_synchronised, read_trust

if sys.platform != "win32":
    import resource

LEAST_MEMORY = 1700 * MEGABYTE
"""What a machine of 2 GB shows; the rest belongs to its screen and its system."""
LEAST_FREE = 150 * MEGABYTE
FILES = 4096
"""Each workstation takes one, each connection to the database another, and the rest is for files."""
UTF8 = frozenset({"utf8", "utf-8", "cp65001"})


def check_clock_kept(_ground: Ground) -> Answer:
    """Whether something keeps the clock right."""
    kept = is_synchronised()
    if kept is None:
        return unknown("This system does not say whether its clock is kept right.")
    if kept:
        return good("The clock is kept right over the network.")
    return note(
        "Nothing keeps the clock of this machine right.",
        "With internet: “sudo timedatectl set-ntp true”. Without: compare it with a phone once a week.",
    )


def check_clock(ground: Ground) -> Answer:
    """Whether the clock is behind what is stored, or was changed while the server ran."""
    now, newest = ground.now, _reached(ground)
    if newest is not None and now < newest - LATE:
        return wrong(
            f"The clock shows {now:%Y-%m-%d %H:%M} UTC; records already reach {newest:%Y-%m-%d %H:%M} UTC.",
            "Set date and time of the machine; if they are right, run “hms-server clock --is-right”.",
        )
    for condition in ground.server.conditions if ground.server else ():
        if condition.code == "clock_jumped" and now - condition.since < JUMP_TOLD:
            return wrong(condition.sentence, condition.remedy)
    return good(f"The clock shows {now:%Y-%m-%d %H:%M} UTC, and no record is newer.")


def _reached(ground: Ground) -> datetime | None:
    if ground.connection is None:
        return built_at()
    newest, trusted = newest_moment(ground.connection), read_trust(ground.data_dir)
    if newest is not None and trusted is not None and newest <= trusted:
        newest = None
    return max((each for each in (newest, built_at()) if each is not None), default=None)


def check_time_zone(ground: Ground) -> Answer:
    """Whether the clinic's time zone is known here, and what the machine itself shows."""
    name = ground.value("select time_zone from clinic")
    if name is None:
        return unknown("The clinic's time zone is not known while its database cannot be read.")
    try:
        zone = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return wrong(
            f"The clinic's time zone “{name}” is not known on this machine.",
            "Install the system's time zones (“sudo apt install tzdata”) and restart the server.",
        )
    here = time.localtime(ground.now.timestamp()).tm_gmtoff
    offset = ground.now.astimezone(zone).utcoffset()
    if offset is not None and offset.total_seconds() != here:
        return note(
            f"Screens show the time of {name}; this machine itself shows another.",
            f"If the clinic is there, set the machine too: “sudo timedatectl set-timezone {name}”.",
        )
    return good(f"Clinic and machine show the time of {name}.")


def check_memory(_ground: Ground) -> Answer:
    """Whether there is enough memory, and whether it is used up."""
    whole, free = this_machine().memory, psutil.virtual_memory().available
    words = f"{free // MEGABYTE} MB of {whole // MEGABYTE} MB are free"
    if free < LEAST_FREE:
        return wrong(
            f"The memory is used up: {words}.", "Close other programs on this machine, or restart it."
        )
    if whole < LEAST_MEMORY:
        return wrong(f"The machine is small: {words}.", "The server needs a machine with 2 GB of memory.")
    return good(f"There is memory enough: {words}.")


def check_open_files(ground: Ground) -> Answer:
    """Whether the server may open as many files and connections as it needs."""
    if sys.platform == "win32":
        return good("Windows sets no such limit.")
    server = holder_of(ground.port)
    limit = open_files_of(server) if server is not None and is_ours(server) else None
    if limit is not None:
        return judge_open_files(limit)
    own = judge_open_files(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    if own.verdict is Verdict.GOOD:
        return own
    # A service has a limit of its own, so that of this command is no trouble of the server's.
    return unknown("How many files the server may open is seen while it runs.")


def judge_open_files(limit: int) -> Answer:
    """Whether that many are enough for workstations, connections and the database."""
    words = f"Up to {limit} files and connections may be open at once."
    if limit != resource.RLIM_INFINITY and limit < FILES:
        return wrong(
            words + " That is few.",
            f"Set “LimitNOFILE={FILES * 4}” in the service, or “ulimit -n {FILES * 4}” before starting.",
        )
    return good(words)


def check_encoding(ground: Ground) -> Answer:
    """Whether names with any letters can be kept."""
    of_database = ground.value("show server_encoding")
    if of_database is not None and str(of_database).lower() not in UTF8:
        return wrong(
            f"The database keeps text as {of_database}, which cannot hold every name.",
            "Create another with “encoding 'UTF8'”, and move there: “hms-server move --to DSN”.",
        )
    if locale.getpreferredencoding(do_setlocale=False).lower() not in UTF8 and sys.platform != "win32":
        return note(
            "Commands on this machine do not print every letter (no UTF-8).",
            "Set a UTF-8 language: “sudo localectl set-locale C.UTF-8”. Records are not concerned.",
        )
    return good("Names with any letters are kept and printed (UTF-8).")


def check_printer(ground: Ground) -> Answer:
    """Whether this machine can print, where somebody prints from it."""
    running = ground.run("lpstat", "-r")
    if running is None:
        return good("No printing system here; workstations print by themselves.")
    if "not running" in running.out or running.code != 0:
        if ground.find("cupsd") is None:
            # A desktop's programs bring it along; nobody has set printing up on this machine.
            return note("Of the printing system (CUPS) only the client is here: nobody prints from here.")
        return wrong(
            "The printing system (CUPS) does not answer.",
            "“sudo systemctl restart cups”, then print a test page from a workstation.",
        )
    chosen = ground.run("lpstat", "-d")
    if chosen is None or ":" not in chosen.out:
        return note(
            "No printer is the usual one on this machine.",
            "If somebody prints from here, choose one in the system's settings or with “lpoptions -d NAME”.",
        )
    name = chosen.out.rpartition(":")[2].strip()
    return good(f"The usual printer is {name}.")
