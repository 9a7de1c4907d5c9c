"""The page that asks for a PostgreSQL of one's own, which few clinics have."""

from msgspec import structs
from PySide6.QtWidgets import QLineEdit, QWidget

from hms_desktop.server_setup.panel import SetupPage
from hms_desktop.widgets.fields import ChoiceField, Field
from hms_server.contract.setup import PlanFault, SetupPlan

OURS, OWN = "ours", "own"


class DatabasePage(SetupPage):
    """The one that is brought along needs nobody to look after it."""

    keys = ("database",)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.card.set_title(self.tr("5 of 6 · Database"))
        self.sentence.setText(
            self.tr("Take the one that is brought along unless somebody looks after another.")
        )
        self.which: ChoiceField[str] = ChoiceField(
            self.tr("Database"),
            [
                (OURS, self.tr("The PostgreSQL that is brought along (usual)")),
                (OWN, self.tr("A PostgreSQL of our own")),
            ],
        )
        self.which.set_value(OURS)
        self.dsn = Field(
            self.tr("Its address"),
            placeholder="postgresql://user:password@host:5432/database",
            hint=self.tr(
                "PostgreSQL 15 or newer, an empty database in UTF-8. It is tried before it is used."
            ),
        )
        # Whoever stands behind must not read the password in it; it can be shown by pasting it elsewhere.
        self.dsn.editor.setEchoMode(QLineEdit.EchoMode.PasswordEchoOnEdit)
        self.fields = {"which": self.which, "database.dsn": self.dsn}
        self.card.add(self.which)
        self.card.add(self.dsn)
        self.finish_card()
        self.which.chosen.connect(lambda _value: self._show())
        self._show()

    def read_plan(self, plan: SetupPlan) -> SetupPlan:
        """Nothing typed counts where the usual one is taken."""
        dsn = self.dsn.text() if self.which.value() == OWN else ""
        return structs.replace(plan, database=structs.replace(plan.database, dsn=dsn))

    def own_faults(self) -> list[PlanFault]:
        """Whether it answers is found out where the server is."""
        if self.which.value() == OWN and not self.dsn.text():
            return [PlanFault("database.dsn", self.tr("Type the address of the database."))]
        return []

    def _show(self) -> None:
        self.dsn.setHidden(self.which.value() != OWN)
