"""Servers as they tell of themselves, well and in trouble."""

from datetime import timedelta

from msgspec import structs

from hms_server.contract.upkeep import (
    BackupRow,
    DatabaseRow,
    DiskRow,
    Level,
    ServerCondition,
    ServerConditions,
    ServerRow,
)
from tests.desktop.samples import NOW

GIGABYTE = 1 << 30
NO_PLACE = ServerCondition(
    code="backup_no_place",
    level=Level.ALARM,
    title="There are no backups",
    sentence="No backup folder is set: if this machine breaks, all records are lost.",
    remedy="Plug a disk into the server and run “hms-server backup-places FOLDER” on it.",
    since=NOW - timedelta(hours=3),
)
DISK = ServerCondition(
    code="disk_full:/var/lib/hms-server",
    level=Level.WARNING,
    title="The disk is nearly full",
    sentence="The disk of the clinic's data (/var/lib/hms-server) has 5.1 GB free of 64.0 GB (8 %).",
    remedy="Remove files that do not belong to the clinic, or move the server to a larger disk.",
    since=NOW - timedelta(days=2),
)
WELL = ServerRow(
    id="a1",
    host="clinic-server",
    version="0.1.0",
    commit="119db03a77",
    started_at=NOW - timedelta(days=3, hours=2),
    seen_at=NOW - timedelta(seconds=40),
    addresses=["192.168.1.10", "127.0.0.1"],
    port=7717,
    database=DatabaseRow(embedded=True, version="18.1", size_bytes=340 << 20),
    disks=[
        DiskRow(
            place="/var/lib/hms-server",
            purpose="data",
            free_bytes=40 * GIGABYTE,
            total_bytes=64 * GIGABYTE,
        ),
        DiskRow(
            place="/media/backup-stick",
            purpose="backup",
            free_bytes=20 * GIGABYTE,
            total_bytes=32 * GIGABYTE,
        ),
    ],
    backup=BackupRow(
        places=["/media/backup-stick"],
        last_good_at=NOW - timedelta(hours=7),
        last_good_file="/media/backup-stick/hms-2026-11-20.hms",
        last_good_bytes=52 << 20,
        has_key=True,
        confirmed=True,
    ),
)
ILL = structs.replace(
    WELL,
    backup=BackupRow(),
    disks=[structs.replace(WELL.disks[0], free_bytes=5 * GIGABYTE)],
    conditions=[NO_PLACE, DISK],
    old_desktops=["Front desk 2 (0.0.9)"],
)
SILENT = ServerCondition(
    code="server_silent",
    level=Level.WARNING,
    title="A server is silent",
    sentence="spare-server has not been heard of and did not say goodbye.",
    remedy="Look whether its machine is on and in the network.",
    since=NOW - timedelta(minutes=9),
)
SECOND = structs.replace(WELL, id="b2", host="spare-server", running=False, conditions=[SILENT])


def conditions(*servers: ServerRow) -> ServerConditions:
    return ServerConditions(
        servers=list(servers),
        devices=9,
        sessions=6,
        sealed_up_to=NOW - timedelta(seconds=12),
        unsealed=3,
    )
