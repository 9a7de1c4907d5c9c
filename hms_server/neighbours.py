"""The servers of one clinic: where workstations reach them, and that all of them have the same keys."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import psycopg

from hms_server.contract.pairing import fingerprint
from hms_server.contract.upkeep import ServerRow
from hms_server.keys import KeyFileError, ServerKeys, load, load_or_create

REMEMBERED = timedelta(days=1)
"""A server that has been silent for longer is not coming back where it was."""
BEFORE = "keys-before.json"
"""Beside the keys while new ones are made: those that the clinic has until its database knows the new."""


def all_addresses(connection: psycopg.Connection[Any], own: Sequence[str], now: datetime) -> list[str]:
    """The ZeroMQ addresses of all servers of the clinic, our own first; one that is down may come back."""
    addresses = list(own)
    for (told,) in connection.execute(TOLD, (now - REMEMBERED,)).fetchall():
        try:
            row = msgspec.msgpack.decode(told, type=ServerRow)
        except msgspec.DecodeError:
            # A server of another version; its workstations know it from pairing or by zeroconf.
            continue
        # A server that took any free port does not say which.
        addresses += [endpoint(address, row.port) for address in row.addresses if row.port]
    return list(dict.fromkeys(addresses))


def endpoint(address: str, port: int) -> str:
    """An address of this machine as ZeroMQ wants it."""
    return f"tcp://[{address}]:{port}" if ":" in address else f"tcp://{address}:{port}"


def keys_of_clinic(connection: psycopg.Connection[Any], path: Path) -> ServerKeys:
    """The keys of this server, made at the first start of the clinic's first server and never beside others.

    `KeyFileError` where the clinic has other keys, or where there are none here and the clinic has some.
    """
    expected = clinic_key(connection)
    if expected is not None and not path.exists():
        raise KeyFileError(
            f"This database belongs to a clinic whose servers have the key {fingerprint(expected)}, and "
            f"there is no key file {path}. Fetch the clinic's keys with 'hms-server join', or put the "
            "keys.json of a backup there."
        )
    keys = load_or_create(path)
    refuse_broken_off(path, expected, keys)
    claim_clinic(connection, keys.public_key)
    return keys


def refuse_other_keys(connection: psycopg.Connection[Any], keys: ServerKeys, path: Path) -> None:
    """`KeyFileError` where these are not the keys of the clinic in this database."""
    expected = clinic_key(connection)
    if expected is None or expected == keys.public_key:
        return
    refuse_broken_off(path, expected, keys)
    raise KeyFileError(_others(expected, keys.public_key))


def refuse_broken_off(path: Path, expected: str | None, keys: ServerKeys) -> None:
    """`KeyFileError` where new keys lie here that the clinic's database does not know of yet."""
    if are_half_new(path, expected, keys):
        raise KeyFileError(
            "Making new keys for the clinic was broken off halfway. Finish it: run 'hms-server new-keys "
            "--clinic NAME' once more."
        )


def are_half_new(path: Path, expected: str | None, keys: ServerKeys) -> bool:
    """Whether `new-keys` was killed between its two steps: the clinic's key still is that of before."""
    before = path.with_name(BEFORE)
    if expected in (None, keys.public_key) or not before.exists():
        return False
    earlier = load(before)
    return earlier.public_key == expected and earlier.audit_key == keys.audit_key


def claim_clinic(connection: psycopg.Connection[Any], public_key: str) -> None:
    """The first server's key becomes the clinic's. `KeyFileError` for a server with another one.

    It could serve nobody: workstations trust the clinic's key alone, and what is sealed in the database
    opens only with the keys that sealed it.
    """
    row = connection.execute(CLAIM, (public_key,)).fetchone()
    if row is not None and row[0] != public_key:
        raise KeyFileError(_others(row[0], public_key))


def _others(expected: str, public_key: str) -> str:
    return (
        f"This database belongs to a clinic whose servers have the key {fingerprint(expected)}; "
        f"this server has {fingerprint(public_key)}. Move its file keys.json away and fetch the clinic's "
        "keys with 'hms-server join', or put the keys.json of a backup in its place."
    )


def replace_key(connection: psycopg.Connection[Any], public_key: str) -> None:
    """Makes this key the clinic's, where the earlier keys are lost for good."""
    connection.execute(REPLACE, (public_key,))


def clinic_key(connection: psycopg.Connection[Any]) -> str | None:
    """The public key that all servers of the clinic share; None before the first one has served."""
    row = connection.execute("select server_key from clinic").fetchone()
    return row[0] if row else None


TOLD = "select told from server_state where seen_at >= %s order by started_at"
CLAIM = "update clinic set server_key = coalesce(server_key, %s) returning server_key"
REPLACE = "update clinic set server_key = %s"
