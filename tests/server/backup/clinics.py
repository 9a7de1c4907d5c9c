"""A clinic with something to lose, and places to keep it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, LiteralString

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from hms_server.backup.make import Made, Source, back_up
from hms_server.backup.recovery import RecoveryKey
from hms_server.backup.restore import Order, Restored, restore_external
from hms_server.backup.sealing import Backup
from hms_server.backup.settings import BackupSettings, save_settings
from hms_server.contract.values import Role
from hms_server.contract.visits import CheckIn
from hms_server.database import connect
from hms_server.keys import load_or_create
from tests.server.desk import Desk

NIGHT = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)
"""Two o'clock in Lagos."""
STAY: LiteralString = "select count(*) from {}"


@dataclass
class Clinic:
    """A server's folder with keys and settings on the desk's database, and one place for backups."""

    desk: Desk
    dsn: str
    data_dir: Path
    place: Path
    key: RecoveryKey = field(default_factory=RecoveryKey.new)

    def __post_init__(self) -> None:
        self.data_dir.mkdir(mode=0o700)
        self.place.mkdir()
        self.server_key = load_or_create(self.data_dir / "keys.json").public_key
        self.save(self.place)

    @property
    def source(self) -> Source:
        return Source(dsn=self.dsn, data_dir=self.data_dir)

    def save(self, *places: Path) -> None:
        save_settings(self.data_dir, BackupSettings(places=places, recovery_public=self.key.public))

    def work(self, patients: int = 3) -> list[str]:
        """People check in; gives their tickets."""
        ids = self.desk.patients(patients)
        return [self.desk.ask(CheckIn(patient_id=one), Role.NURSE).ticket.code for one in ids]

    def back_up(self, now: datetime = NIGHT, *places: Path) -> Made:
        return back_up(self.source, now=now, places=places)

    def order(self, file: Path, data_dir: Path, *, replacing: bool = False) -> Order:
        return Order(backup=Backup(file), key=self.key, data_dir=data_dir, replacing=replacing, now=NIGHT)

    def restore(self, file: Path, dsn: str, data_dir: Path, *, replacing: bool = False) -> Restored:
        return restore_external(self.order(file, data_dir, replacing=replacing), dsn, lambda _: None)


def rows(dsn: str, query: LiteralString, params: Sequence[Any] = ()) -> list[Any]:
    """What a database says."""
    with connect(dsn, application_name="tests", autocommit=True) as connection:
        return connection.execute(query, params).fetchall()


def as_nobody_knows(dsn: str) -> str:
    """The same database where nobody listens."""
    given = {name: str(value) for name, value in conninfo_to_dict(dsn).items()}
    return make_conninfo("", **(given | {"port": "1"}))
