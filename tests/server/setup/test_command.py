"""`hms-server setup` as people and scripts start it: real processes, a real terminal."""

import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from hms_server.__main__ import main
from hms_server.console import setting_up
from hms_server.contract.setup import SetupCheck, SetupDone, SetupFailed, SetupLine, plan_faults
from hms_server.database import connect
from hms_server.setup.plan import read_plan

PATIENCE_S = 120
ANSWERS = """
[clinic]
name = "Unity Clinic"
time_zone = "Africa/Lagos"
currency = "NGN"

[administrator]
user_name = "esi"
"""


class Typist:
    """A process at a terminal of its own."""

    def __init__(self, *arguments: str) -> None:
        self._terminal, inside = pty.openpty()
        self.shown = ""
        self._read_to = 0
        self.process = subprocess.Popen(
            [sys.executable, "-m", "hms_server", *arguments],
            stdin=inside,
            stdout=inside,
            stderr=inside,
            start_new_session=True,
        )
        os.close(inside)

    def sees(self, words: str) -> None:
        """Waits until these words stand there, after those that were waited for before."""
        end_s = time.monotonic() + PATIENCE_S
        while (place := self.shown.find(words, self._read_to)) < 0:
            assert time.monotonic() < end_s, self.shown
            assert self._reads(), f"{words!r} never came: {self.shown}"
        self._read_to = place + len(words)

    def answers(self, question: str, typed: str = "") -> None:
        """Waits for the question and types."""
        self.sees(question)
        os.write(self._terminal, f"{typed}\n".encode())

    def interrupts(self) -> None:
        """What a terminal sends for Ctrl+C; this one controls no session."""
        self.process.send_signal(signal.SIGINT)

    def gives_up(self) -> int:
        """Presses Ctrl+C; once more where it came in the moment before the program began to read."""
        self.interrupts()
        again_s = time.monotonic() + 10
        while self._reads():
            if time.monotonic() > again_s:
                self.interrupts()
                again_s = time.monotonic() + PATIENCE_S
        return self.ends()

    def ends(self) -> int:
        """Reads all that is left, and gives the exit code."""
        end_s = time.monotonic() + PATIENCE_S
        while self._reads():
            assert time.monotonic() < end_s, self.shown
        code = self.process.wait(PATIENCE_S)
        os.close(self._terminal)
        return code

    def _reads(self) -> bool:
        ready, _, _ = select.select([self._terminal], [], [], 1)
        if not ready:
            return self.process.poll() is None
        try:
            read = os.read(self._terminal, 4096)
        except OSError:
            # Linux says so when nobody holds the other end any more.
            return False
        self.shown += read.decode("utf-8", "replace").replace("\r\n", "\n")
        return bool(read)


def value(dsn: str, query: str) -> object:
    with connect(dsn, application_name="tests", autocommit=True) as connection:
        row = connection.execute(query).fetchone()
        return row and row[0]


def options(data_dir: Path, dsn: str, *more: str) -> list[str]:
    return ["--data-dir", str(data_dir), "--database", dsn, "setup", *more]


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    path = tmp_path / "answers.toml"
    path.write_text(ANSWERS)
    path.chmod(0o600)
    return path


def test_a_person_sets_a_clinic_up_at_a_terminal(database: str, tmp_path: Path) -> None:
    """The password is typed twice and not shown; at the end stands how to pair a workstation."""
    typist = Typist(*options(tmp_path, database))
    typist.answers("Which [1]")
    typist.answers("Name of the clinic:", "Unity Clinic")
    typist.answers("a city or a country", "accra")
    typist.answers("Currency [GHS]")
    typist.answers("messages first [en]")
    typist.answers("Template [1]")
    typist.answers("Rooms:")
    typist.answers("User name of the administrator", "esi")
    typist.answers("Name, as colleagues read it", "Esi Owusu")
    typist.answers("Password", "correct horse")
    typist.answers("Once more", "correct horse")
    typist.answers("Recovery key [1]", "2")
    typist.answers("Backup folder", "later")
    typist.answers("Database", "1")
    typist.answers("Create this clinic")
    typist.sees("hms-server device code")

    assert typist.ends() == 0
    assert "correct horse" not in typist.shown
    assert value(database, "select name || currency from clinic") == "Unity ClinicGHS"
    assert value(database, "select count(*) from staff") == 1


@pytest.mark.parametrize("held_back", [False, True])
def test_ctrl_c_stores_nothing(data_dir: Path, *, held_back: bool) -> None:
    """Not even the files of PostgreSQL are made before somebody has agreed, whatever started the program."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK if held_back else signal.SIG_UNBLOCK, {signal.SIGINT})
    try:
        typist = Typist("--data-dir", str(data_dir), "setup")
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    typist.answers("Which [1]")
    typist.answers("Name of the clinic:", "Unity Clinic")
    typist.sees("a city or a country")

    assert typist.gives_up() == 1
    assert "Nothing was stored." in typist.shown
    assert not (data_dir / "postgres").exists()


def test_a_second_run_asks_only_for_additions(database: str, tmp_path: Path, answers: Path) -> None:
    assert main(options(tmp_path, database, "--from", str(answers))) == 0

    typist = Typist(*options(tmp_path, database))
    typist.answers("What is to be done", "1")
    typist.answers("New room:", "Eye clinic / Eye room / doctor")
    typist.answers("New room:")
    typist.answers("What is to be done", "5")
    typist.sees("Room “Eye room” in Eye clinic is added.")
    typist.answers("Shall this be done", "yes")

    assert typist.ends() == 0
    assert value(database, "select count(*) from room where name = 'Eye room'") == 1


def test_a_no_changes_nothing(database: str, tmp_path: Path, answers: Path) -> None:
    """What would be done stands there first; Enter is no."""
    assert main(options(tmp_path, database, "--from", str(answers))) == 0

    typist = Typist(*options(tmp_path, database))
    typist.answers("What is to be done", "2")
    typist.answers("messages first", "fr")
    typist.answers("What is to be done", "5")
    typist.answers("Shall this be done")

    assert typist.ends() == 0
    assert "Nothing was changed." in typist.shown
    assert value(database, "select languages[1] from clinic") == "en"


def test_unattended_the_password_is_printed_once(
    database: str, tmp_path: Path, answers: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = main(options(tmp_path, database, "--from", str(answers)))
    shown = capsys.readouterr().out
    second = main(options(tmp_path, database, "--from", str(answers)))

    assert (first, second) == (0, 0)
    assert "Administrator: esi\nPassword: " in shown
    assert capsys.readouterr().out == "\nNothing was to be changed.\n"


def test_a_program_gets_a_line_for_each_step(database: str, tmp_path: Path, answers: Path) -> None:
    """As the assistant starts it: answers on standard input, JSON back, nothing else between."""
    command = [sys.executable, "-m", "hms_server", *options(tmp_path, database, "--from", "-", "--json")]

    done = subprocess.run(
        command, input=ANSWERS, capture_output=True, text=True, check=False, timeout=PATIENCE_S
    )

    lines = [msgspec.json.decode(line, type=SetupLine) for line in done.stdout.splitlines()]
    assert done.returncode == 0, done.stderr
    assert isinstance(lines[-1], SetupDone)
    assert lines[-1].created
    assert lines[-1].password


def test_a_program_gets_all_faults(
    database: str, tmp_path: Path, answers: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    answers.write_text("[clinic]\nname = 'Unity'\n[backup]\nplace = '/no/such'\n")

    checked = main(options(tmp_path, database, "--check", str(answers), "--json"))
    check = msgspec.json.decode(capfd.readouterr().out, type=SetupCheck)
    refused = main(options(tmp_path, database, "--from", str(answers), "--json"))
    failed = msgspec.json.decode(capfd.readouterr().out, type=SetupLine)

    assert (checked, refused) == (1, 1)
    assert isinstance(failed, SetupFailed)
    assert check.faults == failed.faults
    assert [fault.key for fault in check.faults] == ["clinic.time_zone", "clinic.currency", "backup.place"]


def test_a_check_says_what_would_change(
    database: str, tmp_path: Path, answers: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fine = main(options(tmp_path, database, "--check", str(answers)))
    said = capsys.readouterr().out
    main(options(tmp_path, database, "--from", str(answers)))
    answers.write_text(ANSWERS + '[[rooms]]\ndepartment = "Eye clinic"\nname = "Eye room"\n')
    capsys.readouterr()

    again = main(options(tmp_path, database, "--check", str(answers)))

    assert (fine, again) == (0, 0)
    assert said == "These answers can be used.\n"
    assert capsys.readouterr().out == "Room “Eye room” in Eye clinic is added.\n"
    assert value(database, "select count(*) from room where name = 'Eye room'") == 0


def test_the_file_that_the_help_shows_is_a_whole_one(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["setup", "--help"])

    assert setting_up.ANSWERS in capsys.readouterr().out
    plan = read_plan(setting_up.ANSWERS)
    assert plan_faults(plan) == []
    assert (plan.administrator.name, plan.backup.recovery_key) == ("Esi Owusu", "new")


def test_the_flags_of_old_still_work(
    database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ("--clinic", "Unity", "--time-zone", "Africa/Accra", "--currency", "GHS", "--admin", "esi")

    first = main(options(tmp_path, database, *flags))
    shown = capsys.readouterr().out
    second = main(options(tmp_path, database, *flags))

    assert (first, second) == (0, 0)
    assert "Administrator: esi\nPassword: " in shown
    assert capsys.readouterr().out == "The clinic exists already; nothing was changed.\n"


def test_without_a_terminal_and_a_name_it_says_what_is_missing(
    database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(options(tmp_path, database))

    assert code == 1
    assert "--clinic NAME" in capsys.readouterr().err


def test_a_clinic_does_not_vanish_behind_another_database(
    database: str, empty_database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only moving brings it there."""
    main(options(tmp_path, database, "--clinic", "Unity"))
    other = tmp_path / "other.toml"
    other.write_text(ANSWERS + f'[database]\ndsn = "{empty_database}"\n')
    other.chmod(0o600)

    code = main(options(tmp_path, database, "--from", str(other)))

    assert code == 1
    assert "Move it there instead" in capsys.readouterr().err
    assert value(empty_database, "select to_regclass('public.clinic') is null") is True


def test_a_training_clinic_is_ended_by_its_name(
    database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    training = tmp_path / "training.toml"
    training.write_text(ANSWERS.replace("[clinic]", '[clinic]\ncontents = "training"'))
    main(options(tmp_path, database, "--from", str(training)))
    shown = capsys.readouterr().out

    wrong = main(options(tmp_path, database, "--end-training", "Unity Clinic"))
    right = main(options(tmp_path, database, "--end-training", "Unity Clinic – TRAINING"))

    assert "made-up staff" in shown
    assert (wrong, right) == (1, 0)
    assert value(database, "select count(*) from clinic") == 0


def test_a_kill_in_the_middle_is_finished_by_the_next_run(
    database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """While the made-up patients are being written, which takes longest."""
    training = tmp_path / "training.toml"
    training.write_text(ANSWERS.replace("[clinic]", '[clinic]\ncontents = "training"'))
    typist = Typist(*options(tmp_path, database, "--from", str(training)))
    typist.sees("Made-up patients")
    typist.process.kill()
    typist.ends()

    code = main(options(tmp_path, database, "--from", str(training)))

    assert code == 0
    assert "it begins anew" in capsys.readouterr().out
    assert value(database, "select training and not filling from clinic") is True
    assert value(database, "select count(*) > 200 from patient") is True
