"""`make bench`: one table, each figure beside its limit measured in the same run."""

import argparse

from tests.benchmarks import bench_fanout, bench_roundtrip
from tests.benchmarks.report import Report
from tests.benchmarks.stage import open_stage

PARTS = {"b": bench_roundtrip.run, "c": bench_fanout.run}


def main() -> None:
    """Runs all parts, or those named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="which parts (default: all)")
    chosen = parser.parse_args().parts or list(PARTS)
    report = Report()
    with open_stage() as stage:
        for part in chosen:
            print(f"({part})", flush=True)
            PARTS[part](stage, report)
    report.show()


if __name__ == "__main__":
    main()
