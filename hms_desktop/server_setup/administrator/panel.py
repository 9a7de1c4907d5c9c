"""The page that asks for the administrator, who adds everybody else."""

from msgspec import structs
from PySide6.QtWidgets import QLineEdit, QWidget

from hms_desktop.server_setup.panel import SetupPage
from hms_desktop.widgets.fields import Field
from hms_server.contract.setup import MAX_NAME, PlanFault, SetupPlan


class AdministratorPage(SetupPage):
    """Without a password one is generated and shown at the end."""

    keys = ("administrator",)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.card.set_title(self.tr("3 of 6 · The administrator"))
        self.sentence.setText(self.tr("The first person who may sign in. All others are added by this one."))
        self.user_name = Field(
            self.tr("User name"), required=True, hint=self.tr("Letters and digits, no blanks"), max_length=40
        )
        self.user_name.set_text("admin")
        self.name = Field(self.tr("Name, as colleagues read it"), required=True, max_length=MAX_NAME)
        self.name.set_text(self.tr("Administrator"))
        self.password = Field(
            self.tr("Password"), hint=self.tr("Empty: one is generated and shown at the end"), max_length=200
        )
        self.again = Field(self.tr("Password once more"), max_length=200)
        for field in (self.password, self.again):
            field.editor.setEchoMode(QLineEdit.EchoMode.Password)
        self.fields = {
            "administrator.user_name": self.user_name,
            "administrator.name": self.name,
            "administrator.password": self.password,
            "again": self.again,
        }
        self.add_row(self.user_name, self.name)
        self.add_row(self.password, self.again)
        self.finish_card()

    def read_plan(self, plan: SetupPlan) -> SetupPlan:
        """The user name in small letters, as it is kept."""
        admin = structs.replace(
            plan.administrator,
            user_name=self.user_name.text().lower(),
            name=self.name.text(),
            password=self.password.editor.text(),
        )
        return structs.replace(plan, administrator=admin)

    def own_faults(self) -> list[PlanFault]:
        """Typed twice, since nobody sees it."""
        if self.password.editor.text() != self.again.editor.text():
            return [PlanFault("again", self.tr("This is not the same password. Type it again."))]
        return []
