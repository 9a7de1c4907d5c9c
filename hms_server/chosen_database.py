"""Which PostgreSQL a data folder stands for: the embedded one, or one of the clinic's own, chosen once."""

from pathlib import Path

import msgspec

from hms_server.contract.private_files import replace_private

_FILE = "database.json"


class ChoiceUnreadable(Exception):  # noqa: N818 - an answer to the person who starts a command
    """The file cannot be used; the sentence says which one and what to do."""


class _Choice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`dsn` may hold a password, so the file is private."""

    dsn: str | None


def chosen_database(data_dir: Path) -> str | None:
    """The DSN of the clinic's own PostgreSQL; None where the embedded one is used."""
    path = data_dir / _FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Choice).dsn
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise ChoiceUnreadable(
            f"The file {path} belongs to another user: start this command as the user of the server."
        ) from error
    except (msgspec.DecodeError, OSError) as error:
        # Going on with the embedded database would show an empty clinic in place of the real one.
        raise ChoiceUnreadable(
            f"The file {path} says which database is used, and it cannot be read ({error}). "
            "Restore it from a backup, or run 'hms-server setup' anew."
        ) from error


def choose_database(data_dir: Path, dsn: str | None) -> None:
    """Holds from the next start of the server on; None goes back to the embedded one."""
    replace_private(data_dir / _FILE, msgspec.json.encode(_Choice(dsn=dsn)))
