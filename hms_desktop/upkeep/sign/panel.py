"""The sign in an administrator's status bar that a server needs somebody."""

from collections.abc import Sequence

from hms_desktop.upkeep.words import sign_text
from hms_desktop.widgets.sign import Sign
from hms_desktop.widgets.tokens import Kind
from hms_server.contract.upkeep import Level, ServerCondition


class ServerSign(Sign):
    """Hidden while all is well, and from everybody who could do nothing; a click leads to the panel."""

    def show_conditions(self, conditions: Sequence[ServerCondition]) -> None:
        """Draws the worst of them; none, no sign."""
        alarmed = any(each.level is Level.ALARM for each in conditions)
        kind = Kind.DANGER if alarmed else Kind.WARNING
        self.say(sign_text(conditions), kind, icon_name="alert-circle-outline")
