"""What is said about updates, in the words of whoever stands at the workstation."""

from dataclasses import dataclass

from hms_desktop.updates.applying import Means
from hms_desktop.updates.state import Phase, Situation
from hms_desktop.updates.trusted import tr
from hms_desktop.widgets.tokens import Kind


@dataclass(frozen=True)
class Said:
    """A title and a sentence, with the colour of their meaning; an empty title says nothing."""

    kind: Kind = Kind.INFO
    title: str = ""
    sentence: str = ""


def said_of(situation: Situation) -> Said:
    """What the strip says."""
    if situation.phase is Phase.READY:
        return _ready(situation)
    if situation.phase is Phase.FETCHING:
        return _fetching(situation)
    if situation.phase is Phase.TROUBLE:
        return _trouble(situation)
    known = {
        Phase.NOTHING: lambda _: Said(),
        Phase.APPLYING: _applying,
        Phase.SERVER_OLDER: _server_older,
        Phase.TOO_OLD: _too_old,
        Phase.TAKEN_BACK: _taken_back,
        Phase.DONE: _done,
    }
    return known[situation.phase](situation)


def _ready(situation: Situation) -> Said:
    if situation.unsent:
        sentence = tr("{count} entries made here are not stored yet. Update once the server has them.")
        if situation.unsent == 1:
            sentence = tr("1 entry made here is not stored yet. Update once the server has it.")
        return Said(Kind.WARNING, _ready_title(situation), sentence.format(count=situation.unsent))
    kind = Kind.DANGER if situation.required else Kind.INFO
    if situation.means is Means.BY_HAND:
        sentence = tr("Whoever put the program on this machine can update it.")
        if situation.command:
            sentence = tr("An administrator of this machine updates it with: {command}")
        return Said(kind, _ready_title(situation), sentence.format(command=situation.command))
    if situation.tonight:
        sentence = tr(
            "This workstation updates itself tonight, once nobody is signed in. Leave it switched on."
        )
    else:
        sentence = tr("Updating this program takes a minute. What was typed is kept.")
    if situation.means is Means.ADMINISTRATOR:
        sentence = tr(
            "Updating this program takes a minute and an administrator's password. What was typed is kept."
        )
    return Said(kind, _ready_title(situation), f"{situation.notes} {sentence}".strip())


def _ready_title(situation: Situation) -> str:
    if situation.required:
        title = tr("This program is too old for the server. Version {version} is ready.")
    else:
        title = tr("Version {version} is ready.")
    return title.format(version=situation.version)


def _fetching(situation: Situation) -> Said:
    """Nobody need watch a download, unless nothing else can be done."""
    if not situation.required:
        return Said()
    title = tr("This program is too old for the server. Version {version} is being fetched: {percent} %")
    sentence = tr("Nobody can sign in here before. It goes on by itself, also after an interruption.")
    return Said(Kind.DANGER, title.format(version=situation.version, percent=situation.percent), sentence)


def _applying(situation: Situation) -> Said:
    title = tr("Version {version} is being installed.").format(version=situation.version)
    return Said(Kind.INFO, title, tr("The program starts again by itself. Leave the machine switched on."))


def _trouble(situation: Situation) -> Said:
    title = tr("The update to version {version} was not used.").format(version=situation.version)
    goes_on = tr("This version goes on working. Tell whoever looks after the server.")
    if situation.required:
        goes_on = tr("Nobody can sign in here before. Tell whoever looks after the server.")
    return Said(Kind.DANGER if situation.required else Kind.WARNING, title, f"{situation.sentence} {goes_on}")


def _server_older(situation: Situation) -> Said:
    title = tr("This program ({mine}) is newer than the server.").format(mine=situation.mine)
    if situation.version:
        title = tr("This program ({mine}) is newer than the server ({version}).")
        title = title.format(mine=situation.mine, version=situation.version)
    return Said(
        Kind.WARNING,
        title,
        tr("Update the server first. Until then some things may be refused here; nothing is lost."),
    )


def _too_old(situation: Situation) -> Said:
    title = tr("This program ({mine}) is too old for the server ({version}): nobody can sign in here.")
    return Said(
        Kind.DANGER,
        title.format(mine=situation.mine, version=situation.version),
        tr("The server has no update for this machine. Whoever looks after the server can add one."),
    )


def _taken_back(situation: Situation) -> Said:
    title = tr("Version {version} did not start on this workstation.").format(version=situation.version)
    sentence = tr("Version {mine} was put back, and nothing is lost. Tell whoever looks after the server.")
    kind = Kind.DANGER if situation.required else Kind.WARNING
    return Said(kind, title, sentence.format(mine=situation.mine))


def _done(situation: Situation) -> Said:
    return Said(Kind.OK, tr("This workstation has version {mine} now.").format(mine=situation.mine))
