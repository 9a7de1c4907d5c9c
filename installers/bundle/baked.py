"""Writes down which build a bundle is: version, commit and time."""

import json
import os
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path


def bake(target: Path, *, root: Path) -> Path:
    """Writes `build.json` below `target`, which is no folder of the sources, and gives its path."""
    target.mkdir(parents=True, exist_ok=True)
    path = target / "build.json"
    facts = {"version": version("hms"), "commit": commit_of(root), "built_at": built_at()}
    path.write_text(json.dumps(facts), encoding="utf-8")
    return path


def commit_of(root: Path) -> str:
    """The commit of the sources, empty where they are in no repository."""
    try:
        done = subprocess.run(  # noqa: S603 - git itself, no shell
            ["git", "-C", str(root), "rev-parse", "HEAD"],  # noqa: S607 - wherever the builder has it
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def built_at() -> str:
    """Now, or the time that a repeatable build names by SOURCE_DATE_EPOCH; ISO 8601, UTC."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    moment = datetime.fromtimestamp(int(epoch), UTC) if epoch else datetime.now(UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
