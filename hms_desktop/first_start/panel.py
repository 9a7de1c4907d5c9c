"""What the pages of a first start share: the same page of the manual, and buttons that each words itself."""

from PySide6.QtWidgets import QWidget

from hms_desktop.shell.steps import Step


class StepPage(Step):
    """A step; each page says itself what its buttons do."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(manual="workplace", parent=parent)
