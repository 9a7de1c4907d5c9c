"""The page that is shown where the server's program is not found on this machine."""

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from hms_desktop.server_setup.panel import SetupPage
from hms_desktop.widgets.buttons import SecondaryButton
from hms_desktop.widgets.fields import Field
from hms_desktop.widgets.tokens import Kind


class MissingPage(SetupPage):
    """Says what to do, and takes the path of a program that lies elsewhere."""

    found = Signal(object)
    """The `Path` of a program."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.card.set_title(self.tr("The server's program is not on this machine"))
        sentence = self.tr(
            "Install the server here first, or go to the machine where it is installed. If it lies in a "
            "folder of its own, choose the program hms-server there."
        )
        self.sentence.setText(sentence)
        self.back_button.set_words(self.tr("Cancel"))
        self.path = Field(self.tr("Program"), placeholder="hms-server")
        self.browse_button = SecondaryButton(self.tr("Choose…"), key="F6", icon_name="folder-outline")
        self.fields = {"program": self.path}
        self.card.add(self.path)
        self.card.add(self.browse_button)
        self.finish_card()
        self.browse_button.clicked.connect(self._on_browse)
        self.next_requested.connect(self._on_next)

    def _on_browse(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self, self.tr("Program"), self.path.text())
        if chosen:
            self.path.set_text(chosen)

    def _on_next(self) -> None:
        path = Path(self.path.text())
        if not self.path.text():
            self.path.set_error(self.tr("Choose the program hms-server."))
        elif not path.is_file():
            self.path.set_error(self.tr("There is no such program. Check the path."))
        else:
            self.notice.say(Kind.INFO, self.tr("Found."))
            self.found.emit(path)
