"""What the server says goes to standard error, or into files that together stay small."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from hms_server.logs import KEPT_FILES, RotatedFile, configure_logging, log_files


@pytest.fixture(autouse=True)
def keep_configuration() -> Iterator[None]:
    """Logging is set for the whole process; the other tests have theirs."""
    before = structlog.get_config()
    yield
    file = structlog.get_config()["logger_factory"]._file
    if isinstance(file, RotatedFile):
        file.close()
    structlog.configure(**before)


def test_a_service_writes_its_own_file(tmp_path: Path) -> None:
    configure_logging(verbose=False, file=tmp_path / "log" / "server.log")

    structlog.get_logger().info("serving 100 %", endpoint="tcp://127.0.0.1:7717")
    structlog.get_logger().debug("not told")

    (line,) = (tmp_path / "log" / "server.log").read_text(encoding="utf-8").splitlines()
    assert "event='serving 100 %' endpoint='tcp://127.0.0.1:7717'" in line


def test_without_a_file_it_is_said_aloud(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(verbose=False)

    structlog.get_logger().info("serving")

    assert "event='serving'" in capsys.readouterr().err


def test_the_files_together_stay_small(tmp_path: Path) -> None:
    """Whatever happens: only the newest lines are kept."""
    path = tmp_path / "server.log"
    file = RotatedFile(path, file_bytes=1000, kept=KEPT_FILES)
    for number in range(2000):
        file.write(f"line {number:04} of something that happens again and again\n")
    file.close()

    files = log_files(path)
    assert len(files) == KEPT_FILES == len(list(tmp_path.iterdir()))
    assert sum(each.stat().st_size for each in files) <= KEPT_FILES * 1000
    assert "line 1999" in path.read_text(encoding="utf-8")
