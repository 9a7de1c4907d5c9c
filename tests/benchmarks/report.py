"""One table of figures, each beside its limit and what it was measured against."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One line: what was measured, its value, what it is compared with, the limit, and whether it holds."""

    part: str
    what: str
    value: str
    against: str = ""
    limit: str = ""
    holds: bool | None = None


@dataclass
class Report:
    figures: list[Figure] = field(default_factory=list)

    def add(self, figure: Figure) -> None:
        """Keeps a figure and shows it at once."""
        self.figures.append(figure)
        print(f"  {figure.what}: {figure.value}  {_verdict(figure)}", flush=True)

    def show(self) -> None:
        """Prints the whole table."""
        rows = [("", "figure", "measured", "against", "limit", "")]
        rows += [(f.part, f.what, f.value, f.against, f.limit, _verdict(f)) for f in self.figures]
        widths = [max(len(row[column]) for row in rows) for column in range(6)]
        for row in rows:
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _verdict(figure: Figure) -> str:
    return {None: "", True: "holds", False: "FALLS SHORT"}[figure.holds]


def quantile(samples: Sequence[float], share: float) -> float:
    """The sample below which that share lies."""
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def median_ms(samples: Sequence[float]) -> float:
    """The median of seconds, in milliseconds."""
    return statistics.median(samples) * 1000


def time_each(act: Callable[[], object], *, times: int, warm_up: int = 100) -> list[float]:
    """How long each of so many acts took, in seconds, after a warm-up that does not count."""
    for _ in range(warm_up):
        act()
    samples = []
    for _ in range(times):
        started = perf_counter()
        act()
        samples.append(perf_counter() - started)
    return samples
