"""(d) Patient search by part of a name, misspelt name and phone among ever more patients."""

from psycopg.conninfo import make_conninfo

from hms_server import database
from tests.benchmarks import bench_search
from tests.benchmarks.bench_search import LIMIT_MS, LIMIT_MS_UP_TO_50K, MAX_GROWTH, SIZES
from tests.benchmarks.report import Figure, Report
from tests.benchmarks.stage import Stage, found_clinic

QUICK_SIZES = (10_000, 50_000)
UP_TO = 50_000
"""Patients of a large clinic; for them the shorter limit holds."""


def run(stage: Stage, report: Report, *, quick: bool) -> None:
    """On a database of its own beside the server's."""
    with stage.connect() as connection:
        connection.execute("create database patient_search")
    dsn = make_conninfo(stage.dsn, dbname="patient_search")
    database.migrate(dsn, database.migrations_folder())
    found_clinic(dsn)
    figures = bench_search.run(dsn, QUICK_SIZES if quick else SIZES)
    for kind in dict.fromkeys(figure.kind for figure in figures):
        tell(kind, {figure.patients: figure.p95_ms for figure in figures if figure.kind == kind}, report)


def tell(kind: str, p95_ms: dict[int, float], report: Report) -> None:
    """One line for each way of searching."""
    smallest, largest = min(p95_ms), max(p95_ms)
    growth = p95_ms[largest] / p95_ms[smallest]
    limits = {size: LIMIT_MS_UP_TO_50K if size <= UP_TO else LIMIT_MS for size in p95_ms}
    allowed = ", ".join(f"{limit:.0f}" for limit in limits.values())
    report.add(
        Figure(
            part="d",
            what=f"search by {kind}, p95",
            value=", ".join(f"{value:.1f}" for value in p95_ms.values()) + " ms",
            against="among " + ", ".join(_short(size) for size in p95_ms),
            limit=f"< {allowed} ms, growth < {MAX_GROWTH:.0f} × (is {growth:.1f} ×)",
            holds=growth < MAX_GROWTH and all(p95_ms[size] < limit for size, limit in limits.items()),
        )
    )


def _short(size: int) -> str:
    return f"{size // 1_000_000} M" if size >= 1_000_000 else f"{size // 1000} k"
