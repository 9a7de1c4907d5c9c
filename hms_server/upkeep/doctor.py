"""The doctor: the likely troubles in one table, each looked for, each with its remedy."""

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg

from hms_server.upkeep import data_checks, database_checks, machine_checks, network_checks
from hms_server.upkeep.checking import Answer, Check, Ground, Verdict, unknown

CHECKS: Sequence[Check] = (
    Check(code="database_down", title="The database does not answer", look=database_checks.check_database),
    Check(code="stale_lock", title="The database was not shut down", look=database_checks.check_stale_lock),
    Check(code="database_old", title="PostgreSQL is too old", look=database_checks.check_database_old),
    Check(
        code="database_new",
        title="The program is older than the database",
        look=database_checks.check_database_new,
    ),
    Check(code="encoding", title="Letters are lost", look=machine_checks.check_encoding),
    Check(code="disk_full", title="The disk is full", look=data_checks.check_disk_room),
    Check(code="disk_read_only", title="Nothing can be written", look=data_checks.check_writable),
    Check(code="folder_rights", title="Rights of the data folder", look=data_checks.check_folder_rights),
    Check(code="keys", title="The server's keys", look=data_checks.check_keys),
    Check(code="backup", title="The backup is overdue", look=data_checks.check_backup),
    Check(
        code="recovery_key", title="The recovery key is not confirmed", look=data_checks.check_recovery_key
    ),
    Check(code="clock", title="The clock is wrong", look=machine_checks.check_clock),
    Check(code="clock_kept", title="Nothing keeps the clock right", look=machine_checks.check_clock_kept),
    Check(code="time_zone", title="The time zone", look=machine_checks.check_time_zone),
    Check(code="memory", title="Not enough memory", look=machine_checks.check_memory),
    Check(code="open_files", title="Too few open files", look=machine_checks.check_open_files),
    Check(code="port", title="The port is taken", look=network_checks.check_port),
    Check(code="firewall", title="The firewall is closed", look=network_checks.check_firewall),
    Check(code="address", title="No address, or another one", look=network_checks.check_address),
    Check(code="host_name", title="The machine's name", look=network_checks.check_host_name),
    Check(code="multicast", title="Workstations do not find the server", look=network_checks.check_multicast),
    Check(code="other_server", title="Two servers of one name", look=network_checks.check_other_server),
    Check(code="old_desktops", title="An old desktop program", look=database_checks.check_desktops),
    Check(code="printer", title="Nothing is printed", look=machine_checks.check_printer),
)


@dataclass(frozen=True, slots=True)
class Result:
    check: Check
    answer: Answer


def examine(ground: Ground) -> list[Result]:
    """Looks for every trouble; a check that fails itself says so, and keeps no other from being made."""
    return [Result(check, _look(check, ground)) for check in CHECKS]


def is_wrong(results: Sequence[Result]) -> bool:
    """Whether there is something to do."""
    return any(result.answer.verdict is Verdict.WRONG for result in results)


def _look(check: Check, ground: Ground) -> Answer:
    try:
        return check.look(ground)
    except (OSError, psycopg.Error) as error:
        return unknown(f"This could not be looked at: {error}")
