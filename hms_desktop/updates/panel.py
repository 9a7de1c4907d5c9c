"""The strip above the sign-in page that offers an update: nobody is interrupted at work."""

from collections.abc import Sequence

from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from hms_desktop.updates.applying import Means
from hms_desktop.updates.state import Phase, Situation, UpdatesState
from hms_desktop.updates.words import Said, said_of
from hms_desktop.widgets.notices import Action, Notice
from hms_desktop.widgets.tokens import Space

BY_ITSELF = frozenset({Phase.FETCHING, Phase.APPLYING, Phase.NOTHING})
"""There is nothing to choose."""
TOLD_ONLY = frozenset({Phase.DONE, Phase.SERVER_OLDER})


class UpdateStrip(QFrame):
    """Hidden while somebody is signed in, and while there is nothing to say."""

    def __init__(self, state: UpdatesState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self._wanted = True
        self._shown: tuple[Said, tuple[str, ...]] | None = None
        self.notice = Notice()
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.M, Space.S, Space.M, Space.S)
        column.addWidget(self.notice)
        self.hide()
        state.changed.connect(self.refresh)
        self.refresh()

    def set_wanted(self, wanted: bool) -> None:  # noqa: FBT001 - as Qt's setters
        """Whether the sign-in page is shown."""
        self._wanted = wanted
        self.refresh()

    def text(self) -> str:
        """What is said, empty while hidden."""
        return "" if self.isHidden() else self.notice.text()

    def refresh(self) -> None:
        """Draws the situation; buttons that stay the same keep the focus."""
        said = said_of(self._state.situation)
        if not said.title or not self._wanted or self._state.is_quiet:
            self.hide()
            self._shown = None
            return
        actions = self._actions(self._state.situation)
        shown = (said, tuple(action.words for action in actions))
        if shown != self._shown:
            self._shown = shown
            self.notice.say(said.kind, said.title, said.sentence, actions=actions)
        self.show()

    def _actions(self, situation: Situation) -> Sequence[Action]:
        if situation.phase in BY_ITSELF:
            return ()
        words = self.tr("Close") if situation.phase in TOLD_ONLY else self.tr("Later")
        later = Action(words, self._state.update_later, key="Alt+L")
        first: list[Action] = []
        if situation.phase is Phase.READY:
            first = self._offers(situation)
        elif situation.phase in (Phase.TROUBLE, Phase.TAKEN_BACK, Phase.TOO_OLD):
            first = [Action(self.tr("Try again"), self._state.try_again, key="Alt+U")]
        return first if situation.required else [*first, later]

    def _offers(self, situation: Situation) -> list[Action]:
        if situation.means is Means.BY_HAND:
            return []
        now = Action(self.tr("Update now"), self._state.update_now, key="Alt+U")
        if situation.means is not Means.ALONE or situation.tonight or situation.required:
            return [now]
        return [now, Action(self.tr("Tonight"), self._state.update_tonight, key="Alt+T")]
