"""The window of a demo: a bar that switches between its people, with a key for each."""

from typing import Protocol

from hms_desktop.demo_sign_in import person_of
from hms_desktop.shell.demo_bar import DemoBar
from hms_desktop.shell.main_window import MainWindow
from hms_desktop.widgets.role_words import role_word
from hms_desktop.workspaces import workspaces_of
from hms_server.contract.demo import DemoPerson, DemoSignIn
from hms_server.contract.values import Role


class Enter(Protocol):
    def __call__(self, user_name: str, password: str, *, room: str = "") -> None: ...


class Leave(Protocol):
    def __call__(self, sentence: str, *, user_name: str = "") -> None: ...


class DemoSeat:
    """Signs the people of a demo in, one after the other."""

    def __init__(self, demo: DemoSignIn, window: MainWindow, *, enter: Enter, leave: Leave) -> None:
        self._demo = demo
        self._window = window
        self._enter = enter
        self._leave = leave
        self._people = [person for person in demo.people if workspaces_of([person.role])]

    def start(self, *, is_display: bool) -> None:
        """The first person's workspace with the bar above it, or the waiting room's screen."""
        if is_display:
            person = person_of(self._demo, Role.DISPLAY)
            if person is not None:
                self._enter(person.user_name, person.password)
            return
        self._bar = DemoBar([role_word(person.role) for person in self._people])
        self._bar.chosen.connect(self._switch_to)
        self._window.setMenuWidget(self._bar)
        self._switch_to(0)

    def _switch_to(self, number: int) -> None:
        self._bar.mark(number)
        person: DemoPerson = self._people[number]
        self._leave("", user_name=person.user_name)
        self._enter(person.user_name, person.password, room=person.room)
