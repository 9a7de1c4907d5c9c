"""`make bench`: one table, each figure beside its limit measured in the same run."""

import argparse
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from functools import partial

from tests.benchmarks import (
    bench_capacity,
    bench_desktop,
    bench_fanout,
    bench_patients,
    bench_relay,
    bench_roundtrip,
    bench_sign_in,
    bench_throughput,
)
from tests.benchmarks.report import Figure, Report
from tests.benchmarks.stage import Stage, open_stage

Part = Callable[[Stage, Report], None]


def parts(*, quick: bool) -> dict[str, Part]:
    """What can be measured, by the letter that the requirements give it."""
    return {
        "a": partial(bench_throughput.run, quick=quick),
        "b": bench_roundtrip.run,
        "c": bench_fanout.run,
        "d": partial(bench_patients.run, quick=quick),
        "e": partial(bench_desktop.run, quick=quick),
        "f": partial(bench_sign_in.run, quick=quick),
        "g": partial(bench_relay.run, quick=quick),
        "h": partial(bench_capacity.run, quick=quick),
    }


def main() -> int:
    """Runs all parts, or those named; code 1 when a part could not be measured."""
    known = parts(quick=False)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*known, []], help="which parts (default: all)")
    parser.add_argument("--quick", action="store_true", help="fewer requests and patients, coarser figures")
    options = parser.parse_args()
    report = Report()
    complete = run(parts(quick=options.quick), options.parts or list(known), report)
    report.show()
    return 0 if complete else 1


def run(known: dict[str, Part], chosen: Sequence[str], report: Report) -> bool:
    """Each part on a stage of its own: what one leaves behind is not measured by the next."""
    failed = []
    for letter in chosen:
        print(f"({letter}) with a load of {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", flush=True)
        try:
            with open_stage() as stage:
                known[letter](stage, report)
        except Exception:  # noqa: BLE001 - the trouble of one part must not cost the figures of the others
            traceback.print_exc()
            failed.append(letter)
            report.add(Figure(part=letter, what="could not be measured, see above", value="–", holds=False))
    return not failed


if __name__ == "__main__":
    sys.exit(main())
