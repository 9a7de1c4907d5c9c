"""Checks of the database: whether it runs, fits this program, and was not left in disorder."""

from hms_server.contract.build import BUILD
from hms_server.database import OLDEST_SERVER, migrations_folder
from hms_server.filelock import hold
from hms_server.postmaster import find_postmaster
from hms_server.upkeep.checking import Answer, Ground, good, note, unknown, wrong

LOCK_PATIENCE_S = 0.5
_AWAY = "The database cannot be reached, so this cannot be looked at."


def check_database(ground: Ground) -> Answer:
    """Whether the database answers."""
    if ground.connection is not None:
        return good("The database answers.")
    if ground.is_bare:
        return wrong("There is no clinic here yet.", "Set it up: “sudo hms-server setup”.")
    remedy = (
        "Start the server (“sudo systemctl start hms-server”), and look at the newest file in "
        f"{ground.data_dir / 'postgres' / 'cluster' / 'log'} if it does not come up."
        if ground.embedded
        else "Start PostgreSQL on its machine, and look at the address, user and password of “--database”."
    )
    return wrong(f"The database does not answer: {ground.why}.", remedy)


def check_database_old(ground: Ground) -> Answer:
    """Whether PostgreSQL itself is new enough."""
    if ground.connection is None:
        return unknown(_AWAY)
    major = ground.connection.info.server_version // 10_000
    if major < OLDEST_SERVER:
        return wrong(
            f"PostgreSQL {major} is too old for this program.",
            f"Upgrade it to PostgreSQL {OLDEST_SERVER} or newer, or move: “hms-server move --to DSN”.",
        )
    return good(f"PostgreSQL {major} is new enough.")


def check_database_new(ground: Ground) -> Answer:
    """Whether the database was changed by a newer version of the program."""
    if ground.connection is None:
        return unknown(_AWAY)
    if ground.value("select to_regclass('alembic_version')::text") is None:
        return note("The database is empty; the first start fills it.")
    found = {row[0] for row in ground.connection.execute("select version_num from alembic_version")}
    if unheard := found - known_revisions():
        return wrong(
            f"The database has changes ({', '.join(sorted(unheard))}) that this program does not know.",
            "A newer version worked on it: install that version here, or restore the backup from before.",
        )
    return good(f"This program ({BUILD.version}) knows every change of the database.")


def known_revisions() -> set[str]:
    """Every migration that this program brings."""
    from alembic.config import Config  # noqa: PLC0415 - takes most of a second, and the server has no need
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - as above

    config = Config()
    config.set_main_option("script_location", str(migrations_folder()).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}


def check_stale_lock(ground: Ground) -> Answer:
    """Whether a crash or a power cut left the cluster looking as if it ran."""
    home = ground.data_dir / "postgres"
    cluster = home / "cluster"
    if not ground.embedded or not cluster.exists():
        return good("There is no embedded database that could be locked.")
    try:
        with hold(home / "lock", patience_s=LOCK_PATIENCE_S):
            running = find_postmaster(cluster)
    except TimeoutError:
        return note("Another command is starting or stopping the database.", "Wait until it is done.")
    except OSError as error:
        return unknown(f"{home} cannot be opened: {error.strerror or error}.", "Run this as administrator.")
    if running is None and (cluster / "postmaster.pid").exists():
        return note(
            "The database was not shut down in order: a power cut, or its process was killed.",
            "Nothing has to be done: the next start of the server recovers it. Do not delete files.",
        )
    if running is not None and not running.reachable:
        return wrong(
            "The database runs, and the socket to reach it was removed.",
            "Restart the server: “sudo systemctl restart hms-server”. Let nothing clean up in its folder.",
        )
    return good("The embedded database was left in order.")


def check_desktops(ground: Ground) -> Answer:
    """Whether workstations run older programs than the server."""
    if ground.server is None:
        return unknown("No server has told which programs the workstations run.")
    old = ground.server.old_desktops
    if old:
        return note(
            f"Workstations with an older program: {', '.join(old)}.",
            "They work on. Add the new installer with “hms-server updates add”, or install it there.",
        )
    return good("No workstation has said that its program is older than the server.")
