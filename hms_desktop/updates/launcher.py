"""Several versions of the program side by side, and the small script that starts the newest one that works.

HOME/hms-desktop          the script
HOME/current              the version that is started
HOME/previous             the one before, to go back to
HOME/trying               while the current one has yet to reach its sign-in page: how often it was started
HOME/failed               the version that did not reach it twice
HOME/versions/0.3.0/…     a bundle each
"""

import os
import shutil
from collections.abc import Container
from pathlib import Path

from hms_desktop.updates.installation import HOME_VARIABLE
from hms_desktop.updates.trusted import UpdateRefused, tr

PROGRAM = "hms-desktop"
RESTART_CODE = 75
"""Ends the program so that the launcher starts what is current by then."""
CURRENT, PREVIOUS, TRYING, FAILED, VERSIONS = "current", "previous", "trying", "failed", "versions"

SCRIPT = f"""#!/bin/sh
# Starts the current version; one that does not reach its sign-in page twice makes room for the one before.
home=$(CDPATH= cd -- "$(dirname -- "$(readlink -f -- "$0")")" && pwd)
{HOME_VARIABLE}=$home
export {HOME_VARIABLE}
child=
stopped=
trap 'stopped=yes; test -z "$child" || kill -TERM "$child"' TERM INT HUP

version_in() {{
    version=
    test ! -r "$home/$1" || read -r version < "$home/$1"
    program=$home/versions/$version/{PROGRAM}
    test -n "$version" && test -x "$program"
}}

go_back() {{
    broken=
    test ! -r "$home/{CURRENT}" || read -r broken < "$home/{CURRENT}"
    version_in {PREVIOUS} || return 1
    printf '%s\\n' "$broken" > "$home/{FAILED}"
    printf '%s\\n' "$version" > "$home/{CURRENT}.new" && mv -f "$home/{CURRENT}.new" "$home/{CURRENT}"
    rm -f "$home/{TRYING}"
}}

while :; do
    tried=
    if test -r "$home/{TRYING}"; then
        read -r tried < "$home/{TRYING}"
        case $tried in
            0) printf '1\\n' > "$home/{TRYING}" ;;
            1) printf '2\\n' > "$home/{TRYING}" ;;
            *) go_back || rm -f "$home/{TRYING}"; tried= ;;
        esac
    fi
    if ! version_in {CURRENT}; then
        if ! go_back; then
            echo "No version in $home is complete. Install the program anew; what was typed is kept." >&2
            exit 1
        fi
        tried=
    fi
    "$program" "$@" &
    child=$!
    wait "$child"
    code=$?
    while kill -0 "$child" 2>/dev/null; do
        # A signal has ended the waiting, not the program.
        wait "$child"
        code=$?
    done
    child=
    test "$code" -eq {RESTART_CODE} && continue
    # A new version that ended before its sign-in page is tried again at once, then the one before.
    test -n "$tried" && test -z "$stopped" && test "$code" -ne 0 && test -e "$home/{TRYING}" && continue
    exit "$code"
done
"""


def install(bundle: Path, home: Path, version: str) -> Path:
    """Copies a bundle into a new or old home, makes it current, and gives the path of the script."""
    if not (bundle / PROGRAM).is_file():
        sentence = tr("{folder} holds no bundle of the program.")
        raise UpdateRefused(sentence.format(folder=bundle))
    fresh = fresh_folder(home, version)
    shutil.copytree(bundle, fresh, symlinks=True)
    make_current(home, fresh, version)
    return home / PROGRAM


def fresh_folder(home: Path, name: str) -> Path:
    """A place below the versions at which nothing lies, for one that is not complete so far."""
    versions = home / VERSIONS
    versions.mkdir(parents=True, exist_ok=True)
    fresh = versions / f".{name}.new"
    shutil.rmtree(fresh, ignore_errors=True)
    return fresh


def make_current(home: Path, fresh: Path, version: str) -> None:
    """Gives the complete version its name and lets the next start begin it; the one before stays."""
    target = home / VERSIONS / version
    if target.exists():
        # It was tried before and did not work: its folder may be damaged.
        shutil.rmtree(target)
    fresh.rename(target)
    if hasattr(os, "sync"):
        # Before the pointer: after a power cut it must not lead to files without content.
        os.sync()
    before = read_word(home / CURRENT)
    if before and before != version:
        _write_word(home / PREVIOUS, before)
        _write_word(home / TRYING, "0")
    (home / FAILED).unlink(missing_ok=True)
    _write_script(home / PROGRAM)
    _write_word(home / CURRENT, version)
    _drop_others(home, {version, before, read_word(home / PREVIOUS)})


def has_current(home: Path, version: str) -> bool:
    """Whether that version is what the next start begins, as when another window has put it there."""
    is_there = (home / VERSIONS / version / PROGRAM).is_file()
    return is_there and read_word(home / CURRENT) == version


def came_up(home: Path) -> bool:
    """The sign-in page is there: this version stays. Whether it is a new one."""
    try:
        (home / TRYING).unlink()
    except OSError:
        # Most starts are no first ones; where nothing may be removed, the launcher goes back in the end.
        return False
    return True


def failed_version(home: Path) -> str:
    """The version that was taken back, empty if none was."""
    return read_word(home / FAILED)


def forget_failure(home: Path) -> None:
    """Somebody wants it tried again."""
    (home / FAILED).unlink(missing_ok=True)


def read_word(path: Path) -> str:
    """The first line of a pointer, empty where there is none."""
    try:
        return path.read_text(encoding="utf-8").partition("\n")[0].strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _write_word(path: Path, word: str) -> None:
    draft = path.with_name(f"{path.name}.new")
    draft.write_text(f"{word}\n", encoding="utf-8")
    draft.replace(path)


def _write_script(path: Path) -> None:
    # In a new file: a shell goes on reading the one that it has begun.
    draft = path.with_name(f"{path.name}.new")
    draft.write_text(SCRIPT, encoding="utf-8")
    draft.chmod(0o755)
    draft.replace(path)


def _drop_others(home: Path, kept: Container[str]) -> None:
    for path in (home / VERSIONS).iterdir():
        if path.name not in kept:
            shutil.rmtree(path, ignore_errors=True)
