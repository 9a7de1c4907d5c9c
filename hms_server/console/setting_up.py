"""`setup`: creates the clinic, asked for step by step or from a file, and adds to it later."""

import argparse
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, redirect_stdout
from dataclasses import replace
from pathlib import Path

import msgspec
import psycopg

from hms_server.accounts.setup import SetupRefused, is_set_up
from hms_server.backup.settings import load_settings
from hms_server.backup.trouble import BackupFailed
from hms_server.clock import system_clock
from hms_server.console.ground import Commands, connect, embedded, is_used_by_a_server, running_database
from hms_server.contract.setup import (
    AdministratorAnswers,
    ClinicAnswers,
    DatabaseAnswers,
    PlanFault,
    SetupCheck,
    SetupDone,
    SetupFailed,
    SetupLine,
    SetupNews,
    SetupPlan,
    plan_faults,
)
from hms_server.database import DatabaseUnfit
from hms_server.keys import KeyFileError
from hms_server.postgres_programs import PostgresFailed
from hms_server.setup.carrying_out import Site, carry_out, end_training, look, planned_changes
from hms_server.setup.found import FoundClinic, changes_of
from hms_server.setup.plan import PlanWrong, all_faults, choose_password, read_plan, read_plan_file

STDIN = "-"
MENDABLE = (SetupRefused, DatabaseUnfit, PostgresFailed, KeyFileError, BackupFailed, psycopg.OperationalError)
NOTHING_STORED = "\nNothing was stored. Start again with “hms-server setup”."
ANSWERS = """\
  [clinic]
  name = "Unity Clinic"
  time_zone = "Africa/Accra"
  currency = "GHS"
  languages = ["en", "fr"]
  template = "small-clinic"

  [administrator]
  user_name = "esi"
  name = "Esi Owusu"

  [backup]
  place = "/mnt/backup"
  hour = 2
  recovery_key = "new"
"""


def add(commands: Commands) -> None:
    """Adds `setup`."""
    setup = commands.add_parser(
        "setup",
        help="create the clinic and its administrator, or add to it",
        epilog=f"A file of answers for --from (TOML):\n\n{ANSWERS}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    ways = setup.add_mutually_exclusive_group()
    ways.add_argument(
        "--from", dest="answers", metavar="FILE", help="take all answers from a TOML file, or - "
    )
    ways.add_argument("--check", metavar="FILE", help="only say what is wrong with a file of answers")
    ways.add_argument(
        "--end-training",
        metavar="NAME",
        help="throw the training clinic of this name away, with all that is in it",
    )
    setup.add_argument("--json", action="store_true", help="print JSON, one line for each step")
    add_clinic_options(setup)
    setup.set_defaults(run=set_up)


def add_clinic_options(parser: argparse.ArgumentParser) -> None:
    """What names the clinic where nobody is to be asked."""
    clinic = parser.add_argument_group("first start")
    clinic.add_argument("--clinic", metavar="NAME")
    clinic.add_argument("--time-zone", default="Africa/Lagos")
    clinic.add_argument("--currency", default="NGN")
    clinic.add_argument("--admin", default="admin", metavar="USER", help="user name of the administrator")


def set_up(options: argparse.Namespace) -> int:
    """Creates the clinic without serving; code 1 where something has to be mended first."""
    try:
        return _way(options)(options)
    except PlanWrong as wrong:
        return _fail(options, wrong.faults)
    except MENDABLE as trouble:
        return _fail(options, [PlanFault("", " ".join(str(trouble).split()))])
    except (EOFError, KeyboardInterrupt):
        print(NOTHING_STORED, file=sys.stderr)
        return 1


def create_clinic_once(dsn: str, options: argparse.Namespace) -> bool:
    """Whether `run` had to create the clinic that its options name."""
    with connect(dsn) as connection:
        if is_set_up(connection):
            return False
    if look(dsn) is not None:
        raise SetupRefused("The set-up of this clinic was interrupted. Finish it with “hms-server setup”.")
    try:
        _create_from_options(Site(data_dir=options.data_dir, dsn=dsn, now=system_clock()), options)
    except PlanWrong as wrong:
        raise SetupRefused(str(wrong)) from wrong
    return True


def _way(options: argparse.Namespace) -> Callable[[argparse.Namespace], int]:
    if options.check:
        return _check
    if options.end_training is not None:
        return _end_training
    if options.answers:
        return _from_file
    if options.clinic or not sys.stdin.isatty():
        return _from_options
    return _ask_everything


def _ask_everything(options: argparse.Namespace) -> int:
    from hms_server.setup.again import ask_changes  # noqa: PLC0415 - only a person is asked
    from hms_server.setup.dialogue import ask_all, summary  # noqa: PLC0415 - as above
    from hms_server.setup.terminal import Terminal, WentBack  # noqa: PLC0415 - as above

    # Whatever started this may ignore Ctrl+C or hold it back, which is the way out of a dialogue.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    terminal = Terminal()
    found = _existing(options)
    if found is not None and not found.filling:
        plan = ask_changes(terminal, found, load_settings(options.data_dir))
        if plan == SetupPlan():
            print("Nothing was changed.")
            return 0
        return _apply(options, plan, agreed=lambda: terminal.agrees("Shall this be done", default=False))
    plan = SetupPlan(database=DatabaseAnswers(dsn=options.database or ""))
    while True:
        plan = ask_all(terminal, plan)
        print()
        for line in summary(plan):
            print(f"  {line}")
        try:
            if terminal.agrees("\nCreate this clinic", default=True):
                return _apply(options, plan)
        except WentBack:
            continue
        print("  Go through the questions again; your answers stand in brackets.")


def _existing(options: argparse.Namespace) -> FoundClinic | None:
    """What there is already; a folder without a database is not given one before somebody has agreed."""
    if not options.database and not (options.data_dir / "postgres" / "cluster").exists():
        return None
    with running_database(options) as dsn:
        return look(dsn)


def _from_file(options: argparse.Namespace) -> int:
    plan = read_plan(sys.stdin.read()) if options.answers == STDIN else read_plan_file(Path(options.answers))
    return _apply(options, plan)


def _from_options(options: argparse.Namespace) -> int:
    with running_database(options) as dsn:
        if not create_clinic_once(dsn, options):
            print("The clinic exists already; nothing was changed.")
    return 0


def _create_from_options(site: Site, options: argparse.Namespace) -> None:
    if not options.clinic and not sys.stdin.isatty():
        raise SetupRefused("This is the first start: name the clinic with --clinic NAME.")
    name = options.clinic or input("Name of the clinic: ")
    clinic = ClinicAnswers(name=name, time_zone=options.time_zone, currency=options.currency)
    plan = SetupPlan(clinic=clinic, administrator=AdministratorAnswers(user_name=options.admin))
    _refuse(plan_faults(plan))
    password = choose_password(plan.administrator)
    done = carry_out(plan, replace(site, say=lambda _: None), password=password)
    if done.password:
        print(f"Administrator: {done.user_name}\nPassword: {done.password}")
        print("It is shown this once; write it down.")


def _apply(options: argparse.Namespace, plan: SetupPlan, *, agreed: Callable[[], bool] = lambda: True) -> int:
    _refuse_second_clinic(options, plan)
    # Where nothing may be started for it, what is wrong is said before PostgreSQL makes its files.
    if not options.database and not (options.data_dir / "postgres" / "cluster").exists():
        _refuse(all_faults(plan, first=True))
    options.database = plan.database.dsn or options.database
    with _stdout_for_json(options), running_database(options) as dsn:
        site = Site(
            data_dir=options.data_dir,
            dsn=dsn,
            now=system_clock(),
            say=lambda text: _say(options, SetupNews(text=text)),
            keep_dsn=bool(plan.database.dsn),
        )
        changes = planned_changes(plan, site)
        if changes is not None and not options.json:
            for line in (*changes.told, *changes.stays):
                print(f"  {line}")
        if changes is not None and changes.told and not agreed():
            print("Nothing was changed.")
            return 0
        done = carry_out(plan, site, password=choose_password(plan.administrator))
    _say(options, done)
    return 0


def _refuse(faults: list[PlanFault]) -> None:
    if faults:
        raise PlanWrong(faults)


def _refuse_second_clinic(options: argparse.Namespace, plan: SetupPlan) -> None:
    """The clinic of a folder must not vanish behind another database."""
    dsn = plan.database.dsn
    if not dsn or dsn == options.database:
        return
    with _stdout_for_json(options):
        found = _existing(options)
    if found is not None and not found.filling:
        sentence = (
            f"The clinic “{found.name}” of this folder is in another database. Move it there instead (see "
            "“Moving” in the manual), or name another folder with --data-dir."
        )
        raise PlanWrong([PlanFault("database.dsn", sentence)])


def _check(options: argparse.Namespace) -> int:
    """All faults at once; nothing is stored."""
    faults: list[PlanFault] = []
    changes: list[str] = []
    try:
        plan = read_plan(sys.stdin.read()) if options.check == STDIN else read_plan_file(Path(options.check))
        with _stdout_for_json(options):
            found = _existing(options)
        exists = found is not None and not found.filling
        faults = all_faults(plan, first=not exists)
        if found is not None and exists and not faults:
            planned = changes_of(plan, found, load_settings(options.data_dir))
            changes = [*planned.told, *planned.stays]
    except PlanWrong as wrong:
        faults = wrong.faults
    if options.json:
        print(msgspec.json.encode(SetupCheck(faults=faults, changes=changes)).decode())
    else:
        for line in [_words(fault) for fault in faults] or changes or ["These answers can be used."]:
            print(line)
    return 1 if faults else 0


def _end_training(options: argparse.Namespace) -> int:
    with running_database(options) as dsn:
        if is_used_by_a_server(dsn):
            raise SetupRefused("The server is working. Stop it first: 'systemctl stop hms-server'.")
        end_training(Site(data_dir=options.data_dir, dsn=dsn, now=system_clock()), name=options.end_training)
    if not options.database:
        # Without it, a stopped database says by itself that there is no clinic to be started.
        embedded(options).discard()
    print("The training clinic is gone. Set the real one up with “hms-server setup”, and pair all")
    print("workstations anew.")
    return 0


@contextmanager
def _stdout_for_json(options: argparse.Namespace) -> Iterator[None]:
    """What PostgreSQL's start says must not stand between the lines that a program reads."""
    with redirect_stdout(sys.stderr) if options.json else nullcontext():
        yield


def _fail(options: argparse.Namespace, faults: list[PlanFault]) -> int:
    if options.json:
        _say(options, SetupFailed(faults=faults))
    else:
        for fault in faults:
            print(_words(fault), file=sys.stderr)
    return 1


def _words(fault: PlanFault) -> str:
    return f"{fault.key}: {fault.sentence}" if fault.key else fault.sentence


def _say(options: argparse.Namespace, line: SetupLine) -> None:
    if options.json:
        print(msgspec.json.encode(line).decode(), file=sys.__stdout__, flush=True)
    elif isinstance(line, SetupNews):
        print(line.text, flush=True)
    elif isinstance(line, SetupDone):
        _print_done(line)


def _print_done(done: SetupDone) -> None:
    print()
    if not done.created:
        print("\n".join(["Done."] if done.changes else ["Nothing was to be changed."]))
    else:
        print(f"The clinic “{done.clinic}” is set up.")
    if done.password:
        print(f"\nAdministrator: {done.user_name}\nPassword: {done.password}")
        print("It is shown this once; write it down.")
    if done.recovery_key:
        print(f"\nRecovery key: {done.recovery_key}")
        print("It is shown this once. Write it down twice, then confirm it with: hms-server setup")
    if done.people:
        print("\nThe made-up staff may sign in too (shown this once):")
        for line in done.people:
            print(f"  {line}")
    for number, step in enumerate(done.next_steps, 1):
        print(f"\n{number}. {step}")
