"""Checks of what the clinic would lose: its folder, its keys, its disks, its backups."""

import os
import secrets
import stat
import sys

from hms_server.amounts import size_text
from hms_server.keys import KeyFileError, load
from hms_server.upkeep.checking import Answer, Ground, good, note, unknown, wrong
from hms_server.upkeep.rules import BACKUP_OVERDUE, Finding, judge_backups, judge_disks

PASS_THROUGH = stat.S_IXOTH
"""PostgreSQL's own user goes through the folder to its cluster where the server runs as root."""
OTHERS = (stat.S_IRWXG | stat.S_IRWXO) & ~PASS_THROUGH
KEY_CODES = frozenset({"recovery_key_missing", "recovery_key_unconfirmed"})


def check_disk_room(ground: Ground) -> Answer:
    """Whether there is room where data and backups lie."""
    found = judge_disks(ground.disks)
    if found:
        return wrong(found[0].sentence, found[0].remedy)
    return good(f"{size_text(ground.disks[0].free_bytes)} are free below {ground.data_dir}.")


def check_writable(ground: Ground) -> Answer:
    """Whether the disk takes what is written to it."""
    draft = ground.data_dir / f".doctor-{secrets.token_hex(8)}"
    try:
        draft.touch(mode=0o600)
        draft.unlink()
    except FileNotFoundError:
        return wrong(
            f"The folder {ground.data_dir} is not there.",
            "Name the right folder with “hms-server --data-dir FOLDER doctor”, or set the clinic up.",
        )
    except OSError as error:
        return wrong(
            f"Nothing can be written to {ground.data_dir}: {error.strerror or error}.",
            "Run this command as the server's user (sudo). A disk that became read-only by itself is dying: "
            "make a backup to another, then replace it.",
        )
    return good(f"Files can be written to {ground.data_dir}.")


def check_folder_rights(ground: Ground) -> Answer:
    """Whether nobody but the server may look into its folder, and whether all in it belongs to it."""
    if sys.platform == "win32":
        return unknown("The rights of folders are not read on Windows.", "Look at the folder's properties.")
    folder = ground.data_dir
    try:
        status = folder.stat()
        names = sorted(folder.iterdir())
    except OSError as error:
        return wrong(
            f"The folder {folder} cannot be opened: {error.strerror or error}.",
            "Run this command as the server's user or as administrator (sudo).",
        )
    if status.st_mode & OTHERS:
        return wrong(
            f"Other users of this machine may look into {folder}.",
            f"Close it: “sudo chmod 700 {folder}”.",
        )
    strangers = [path for path in names if path.lstat().st_uid != status.st_uid]
    if strangers:
        return wrong(
            f"{strangers[0]} belongs to another user than its folder, so the server cannot use it.",
            f"Give it back: “sudo chown -R --reference={folder} {strangers[0]}”.",
        )
    return good("The data folder is closed to others, and all in it belongs to the server.")


def check_keys(ground: Ground) -> Answer:
    """Whether the server's keys can be used."""
    path = ground.data_dir / "keys.json"
    if not path.exists():
        if ground.value("select 1 from clinic") is None:
            return note("There are no keys yet; the first start makes them.")
        return wrong(
            f"The server's keys ({path}) are missing: workstations would not know it again.",
            "Put the file back from a backup with “hms-server restore” before the server starts.",
        )
    if not os.access(path, os.R_OK):
        return unknown(
            f"{path} cannot be read by this user.", "Run this command as the server's user (sudo)."
        )
    try:
        load(path)
    except KeyFileError as trouble:
        return wrong(str(trouble), "After putting it right, start the server anew.")
    return good("The server's keys are there and private.")


def check_backup(ground: Ground) -> Answer:
    """Whether there is a backup of the last night."""
    found = [each for each in _backup_findings(ground) if each.code not in KEY_CODES]
    if found:
        return wrong(found[0].sentence, found[0].remedy)
    last = ground.backup.last_good_at
    if last is None:
        return note(
            "No backup was made yet; the first is due tonight.", "To make one now: “hms-server backup”."
        )
    words = f"The last good backup is of {last:%Y-%m-%d %H:%M} UTC."
    places = [disk for disk in ground.disks if disk.purpose == "backup"]
    if all(disk.with_data for disk in places):
        return note(
            f"{words} It lies on the same disk as the records: when that disk breaks, both are lost.",
            "Plug another disk in and name it: “hms-server backup-places FOLDER”.",
        )
    return good(words)


def check_recovery_key(ground: Ground) -> Answer:
    """Whether somebody could open a backup."""
    if not ground.backup.places:
        return unknown("There are no backups that a recovery key would open.", "Set a backup folder first.")
    found = [each for each in _backup_findings(ground) if each.code in KEY_CODES]
    if found:
        return wrong(found[0].sentence, found[0].remedy)
    return good("The recovery key was typed back from paper.")


def _backup_findings(ground: Ground) -> list[Finding]:
    since = ground.value("select created_at from clinic")
    if since is None and ground.connection is None:
        # The clinic's age is not known; without its database a backup is wanted all the more.
        since = ground.now - BACKUP_OVERDUE
    return judge_backups(ground.backup, now=ground.now, clinic_since=since)
