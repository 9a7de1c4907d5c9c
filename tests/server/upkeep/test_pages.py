"""The manual's page of troubles follows the doctor's table, and every command that is named exists."""

import re
from pathlib import Path

from hms_server.__main__ import build_parser
from hms_server.contract.manual import load_manual
from hms_server.upkeep.doctor import CHECKS

UPKEEP = Path(__file__).parents[3] / "hms_server" / "upkeep"
FIRST = ["Troubles", "When something goes wrong"]
COMMAND = re.compile(r"hms-server ((?:--data-dir \S+ )?)([a-z][a-z-]*)(?: (--[a-z-]+))?")


def commands() -> dict[str, str]:
    """Each command with its help, which names its options."""
    (choices,) = (
        action.choices
        for action in build_parser()._subparsers._group_actions  # type: ignore[union-attr]
        if action.choices is not None
    )
    return {name: parser.format_help() for name, parser in choices.items()}  # type: ignore[union-attr]


def test_every_check_has_its_section_in_the_same_order() -> None:
    headings = [section.heading for section in load_manual().pages["troubles"].sections]

    assert headings == FIRST + [check.title for check in CHECKS]


def test_codes_and_titles_are_told_apart() -> None:
    assert len({check.code for check in CHECKS}) == len({check.title for check in CHECKS}) == len(CHECKS)
    assert len(CHECKS) >= 20


def test_every_command_that_a_page_or_a_remedy_names_exists() -> None:
    texts = [load_manual().pages[name].markdown for name in ("troubles", "looking-after")]
    texts += [path.read_text(encoding="utf-8") for path in UPKEEP.glob("*.py")]
    known = commands()

    named = {(name, option) for text in texts for _, name, option in COMMAND.findall(text)}

    assert {"doctor", "backup", "backup-places", "recovery-key"} <= {name for name, _ in named}
    for name, option in named - {("doctor", "")}:
        assert name in known, name
        assert option in known[name], (name, option)
