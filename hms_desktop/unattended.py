"""A workstation at which nobody sits signs itself in, and again whenever it has been put out."""

from PySide6.QtCore import QObject, QTimer, Signal

from hms_desktop.connection.identity import Pairing
from hms_desktop.first_start.desk import WorkplaceDesk
from hms_desktop.options import Options
from hms_desktop.workplace import ScreenAccount
from hms_server.contract.envelope import Fault

RETRY_MS = 5000
PASSING = ("link.down", "link.timeout", "server.", "request.too_many", "accounts.locked")
"""How the codes begin of what passes by itself; whoever stands there may have locked the screen's account."""


class Unattended(QObject):
    """Does nothing at a workstation at which people sign in."""

    enter_requested = Signal(str, str)
    """User name and password of the screen."""

    def __init__(self, options: Options, workplace: WorkplaceDesk, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._options = options
        self._workplace = workplace
        self._retry = QTimer(self, singleShot=True, interval=RETRY_MS)
        self._retry.timeout.connect(self.enter)

    @property
    def account(self) -> ScreenAccount | None:
        """With what nobody has to sign in here: from the command line, else as this workplace was set up."""
        options = self._options
        if options.user_name:
            return ScreenAccount(user_name=options.user_name, password=options.password)
        return self._workplace.workplace.screen

    def enter(self) -> None:
        """Asks for the screen to be signed in now."""
        if (account := self.account) is not None:
            self.enter_requested.emit(account.user_name, account.password)

    def enter_soon(self) -> None:
        """The same after a pause: nobody sits there who could sign in again."""
        if self.account is not None:
            self._retry.start()

    def bear(self, fault: Fault) -> None:
        """After a power cut the display is up before the server: what may pass is waited for."""
        if fault.code.startswith(PASSING) and not self._workplace.is_open:
            self.enter_soon()

    def rest(self) -> None:
        """Somebody is here after all, or the program ends."""
        self._retry.stop()

    def keep(self, pairing: Pairing | None) -> None:
        """Keeps the pairing of a screen where no keyring has to be unlocked after a power cut."""
        book = self._options.unattended
        if book is not None and pairing is not None and self._workplace.workplace.screen is not None:
            book.keep(pairing)
