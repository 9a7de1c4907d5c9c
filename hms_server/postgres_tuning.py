"""How much memory the embedded PostgreSQL takes: a rule of the machine's memory and processors alone."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

MEGABYTE = 1 << 20
GIGABYTE = 1 << 30
_CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")
"""What a container or a service may have, where that is less than the machine has (cgroup v2)."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What there is to share: `memory` in bytes, as far as this process may use it, and processors."""

    memory: int
    processors: int


def this_machine(*, limit_file: Path = _CGROUP_LIMIT) -> Machine:
    """The machine that this process runs on, or the part of it that it was given."""
    memory = psutil.virtual_memory().total
    try:
        limit = limit_file.read_text(encoding="ascii").strip()
    except OSError:
        limit = "max"
    if limit.isdigit():
        memory = min(memory, int(limit))
    return Machine(memory=memory, processors=os.cpu_count() or 1)


def tuned(machine: Machine) -> Mapping[str, str]:
    """PostgreSQL's settings for that machine, on which the clinic's server and perhaps a desktop run too.

    An eighth of the memory is PostgreSQL's own, where its handbook advises a quarter for a machine that does
    nothing else; the rest works as the system's cache, which `effective_cache_size` tells the planner. Sums
    at the top end stop where a clinic's whole database fits.
    """
    share = machine.memory // MEGABYTE
    upkeep = _between(32, share // 32, 512)
    roomy = machine.memory >= 3 * GIGABYTE
    return {
        "shared_buffers": f"{_between(64, share // 8, 2048)}MB",
        "effective_cache_size": f"{max(share // 2, 128)}MB",
        "work_mem": f"{_between(4, share // 512, 32)}MB",
        "maintenance_work_mem": f"{upkeep}MB",
        # Up to three cleaners run at once, and each may take this much.
        "autovacuum_work_mem": f"{max(upkeep // 2, 16)}MB",
        "max_wal_size": "1GB" if roomy else "512MB",
        "min_wal_size": "80MB",
        # One server takes about twenty; each open one costs megabytes, also while it waits.
        "max_connections": "100" if roomy else "60",
        # On one or two processors a query that spreads only takes the time from another desk.
        "max_parallel_workers_per_gather": "2" if machine.processors >= 4 else "0",  # noqa: PLR2004 - see above
    }


def _between(least: int, wanted: int, most: int) -> int:
    return max(least, min(wanted, most))
