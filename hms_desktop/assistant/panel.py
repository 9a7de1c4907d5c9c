"""The assistant beside the work: F2 opens it at any workspace, Esc gives the keys back."""

from collections.abc import Callable
from datetime import date, datetime, tzinfo

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from hms_desktop.assistant.lookup.panel import ToolsPage
from hms_desktop.assistant.message.panel import MessageCard
from hms_desktop.assistant.proposal.panel import ProposalPage
from hms_desktop.assistant.sent.panel import SentPage
from hms_desktop.assistant.state import AssistantDesk
from hms_desktop.assistant.table import conversation_columns
from hms_desktop.widgets.buttons import PrimaryButton, SecondaryButton
from hms_desktop.widgets.fields import Field, TextField
from hms_desktop.widgets.labels import TextRole, label
from hms_desktop.widgets.notices import Action, Notice
from hms_desktop.widgets.rows import RowsModel
from hms_desktop.widgets.side import ENTER, SideSheet
from hms_desktop.widgets.states import ListState
from hms_desktop.widgets.table import TableView
from hms_desktop.widgets.tokens import Kind, Space
from hms_server.contract.assistant import ConversationId, ConversationRow, Message, MessageId
from hms_server.contract.envelope import Fault
from hms_server.contract.suggestions import Attachment
from hms_server.contract.values import PatientHeader

WIDTH = 500


class AssistantSheet(SideSheet):
    """Talk, earlier conversations, look-ups without the model, what was sent, and the form of a proposal."""

    source_opened = Signal(object)
    """A `Source` whose patient or page is to be shown."""

    def __init__(
        self, window: QWidget, desk: AssistantDesk, *, clock: Callable[[], datetime], zone: tzinfo
    ) -> None:
        super().__init__(window, width=WIDTH)
        self.setAccessibleName(self.tr("Assistant"))
        self._zone = zone
        self.desk = desk
        self._about = ""
        self._follows_end = True
        self._cards: dict[MessageId, MessageCard] = {}
        self._title = label("", TextRole.HEADING, wraps=True)
        self.new_button = SecondaryButton(self.tr("New"), icon_name="plus")
        self.list_button = SecondaryButton(self.tr("Earlier"), icon_name="history")
        self.tools_button = SecondaryButton(self.tr("Look up"), icon_name="magnify")
        self.close_button = SecondaryButton(self.tr("Close   Esc"))
        self.notice = Notice()
        self.question = TextField(self.tr("Question"), rows=3, placeholder=self.tr("Ask in your own words"))
        self.ask_button = PrimaryButton(self.tr("Ask"), key="Enter", icon_name="send")
        self._usage = label("", TextRole.MUTED)
        self._disclaimer = label("", TextRole.CAPTION, wraps=True)
        self._talk_column = QVBoxLayout()
        self._scroll = QScrollArea(widgetResizable=True)
        self.search = Field("", placeholder=self.tr("Search your conversations"))
        self._model: RowsModel[ConversationRow] = RowsModel(
            conversation_columns(zone, today=lambda: _today(clock, zone)), key=lambda row: row.id, parent=self
        )
        self.table: TableView[ConversationRow] = TableView(self._model, name=self.tr("Conversations"))
        self.forget_button = SecondaryButton(self.tr("Forget this one"), icon_name="delete-outline")
        self._list = ListState(self.table, empty=self.tr("No conversations yet"))
        self.tools = ToolsPage(desk, zone=zone)
        self.sent = SentPage(desk, zone=zone)
        self.proposal = ProposalPage(desk, zone=zone)
        self._pages = QStackedWidget()
        self._talk = self._talk_page()
        self._lay_out()
        self._connect()
        self._show_about()

    def open(self, *, about: str, patient: PatientHeader | None) -> None:
        """Shows the conversation that is open, or begins one about the patient at hand."""
        self._about = about
        if patient is not None and patient != self.desk.patient:
            self.desk.begin(patient)
        # The keys go there only with `reveal`, which notes first where they were.
        self._pages.setCurrentWidget(self._talk)
        self.desk.reload()
        self.reveal(self.question.editor)

    def cards(self) -> list[MessageCard]:
        """The messages of the open conversation, oldest first."""
        return list(self._cards.values())

    def ask(self) -> None:
        """Sends what is typed; it stays in the field until the server has taken it."""
        text = self.question.text().strip()
        if not text:
            self.question.set_error(self.tr("Write your question first."))
        elif self.desk.under_way is not None:
            self.question.set_error(self.tr("An answer is still being written. Wait for it, or stop it."))
        else:
            self.notice.take_back()
            self.desk.ask(text, about=self._about)

    def on_escape(self) -> None:
        """Back to the talk first, then away; an answer goes on being written."""
        if self._pages.currentWidget() is self._talk:
            self.close_sheet()
        else:
            self._turn_to(self._talk)

    def on_primary(self) -> None:
        """Ctrl+Enter: what the one primary button of the page does."""
        page = self._pages.currentWidget()
        acts = {self._talk: self.ask, self.tools: self.tools.run, self.proposal: self.proposal.accept}
        if page in acts:
            acts[page]()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if event.type() is QEvent.Type.KeyPress and isinstance(event, QKeyEvent) and event.key() in ENTER:
            if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
                return super().eventFilter(watched, event)
            self.ask()
            return True
        return super().eventFilter(watched, event)

    def _turn_to(self, page: QWidget) -> None:
        self._pages.setCurrentWidget(page)
        focus = {self._talk: self.question.editor, self._listing: self.search.editor}.get(page, page)
        focus.setFocus(Qt.FocusReason.OtherFocusReason)

    def _show_about(self) -> None:
        about = self.desk.about
        if about is None:
            return
        self._disclaimer.setText(about.disclaimer)
        words = self.tr("{used} of {limit} tokens this month") if about.tokens_limit else ""
        self._usage.setText(words.format(used=f"{about.tokens_used:,}", limit=f"{about.tokens_limit:,}"))
        if about.why_not:
            sentence = self.tr("“Look up” answers without the internet.")
            self.notice.say(Kind.WARNING, about.why_not, sentence)
        else:
            self.notice.take_back()

    def _show_conversation(self) -> None:
        conversation, patient = self.desk.conversation, self.desk.patient
        title = conversation.title if conversation else self.tr("New conversation")
        self._title.setText(f"{title} · {patient.name}" if patient else title)
        while (item := self._talk_column.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        self._cards = {}
        for message in conversation.messages if conversation else []:
            self._talk_column.addWidget(self._card_of(message))
        self._follows_end = True

    def _card_of(self, message: Message) -> MessageCard:
        card = MessageCard(message, zone=self._zone)
        card.stop_wanted.connect(self.desk.stop)
        card.again_wanted.connect(self.desk.ask_again)
        card.wait_wanted.connect(self.desk.let_wait)
        card.drop_wanted.connect(self.desk.drop)
        card.sent_wanted.connect(self._show_sent)
        card.source_opened.connect(self.source_opened)
        card.attachment_opened.connect(self._show_proposal)
        self._cards[message.id] = card
        return card

    def _on_grown(self, message: Message) -> None:
        bar = self._scroll.verticalScrollBar()
        # Whoever reads further up is not torn away.
        self._follows_end = bar.value() >= bar.maximum() - bar.singleStep()
        self._cards[message.id].show_message(message)

    def _on_range(self, _least: int, most: int) -> None:
        # The height of a grown card is known only now.
        if self._follows_end:
            self._scroll.verticalScrollBar().setValue(most)

    def _on_taken(self) -> None:
        self.question.set_text("")

    def _on_refused(self, fault: Fault) -> None:
        if fault.field == "text":
            self.question.set_error(fault.message)
        elif fault.code == "assistant.no_consent" and self.desk.patient is not None:
            agrees = Action(self.tr("The patient agrees"), self._agreed, key="Alt+Y")
            self.notice.say(Kind.WARNING, fault.message, actions=[agrees])
        else:
            self.notice.say(Kind.WARNING, fault.message)

    def _agreed(self) -> None:
        """The person has asked the patient: it is written down, and the question goes."""
        self.desk.record_agreement(self.ask)

    def _show_sent(self, message_id: MessageId) -> None:
        self.sent.open(message_id)
        self._turn_to(self.sent)

    def _show_proposal(self, proposal: Attachment) -> None:
        self._pages.setCurrentWidget(self.proposal)
        self.proposal.open(proposal)

    def _on_settled(self) -> None:
        self._turn_to(self._talk)
        if self.desk.conversation is not None:
            self.desk.open(self.desk.conversation.id)

    def _on_chosen(self, row: ConversationRow) -> None:
        self.desk.open(row.id)
        self._turn_to(self._talk)

    def _forget(self) -> None:
        """Asks first: what is forgotten here is gone from the server too."""
        row = self.table.chosen_row()
        if row is None:
            return

        def do(conversation_id: ConversationId = row.id) -> None:
            self.notice.take_back()
            self.desk.forget(conversation_id)

        title = self.tr("Forget “{title}”? It cannot be brought back.").format(title=row.title)
        self.notice.say(Kind.WARNING, title, actions=[Action(self.tr("Forget it"), do, key="Alt+F")])

    def _show_rows(self) -> None:
        self._model.replace(self.desk.rows.rows)
        self._list.show_rows()

    def _begin(self) -> None:
        self.desk.begin(self.desk.patient)
        self._turn_to(self._talk)

    def _connect(self) -> None:
        desk = self.desk
        desk.changed.connect(self._show_about)
        desk.opened.connect(self._show_conversation)
        desk.grown.connect(self._on_grown)
        desk.taken.connect(self._on_taken)
        desk.refused.connect(self._on_refused)
        desk.listed.connect(self._show_rows)
        self.close_button.clicked.connect(self.close_sheet)
        self.new_button.clicked.connect(self._begin)
        self.list_button.clicked.connect(lambda: self._turn_to(self._listing))
        self.tools_button.clicked.connect(lambda: self._turn_to(self.tools))
        self.ask_button.clicked.connect(self.ask)
        self.question.editor.installEventFilter(self)
        self._scroll.verticalScrollBar().rangeChanged.connect(self._on_range)
        self.search.edited.connect(desk.search)
        self.table.opened.connect(self._on_chosen)
        self.forget_button.clicked.connect(self._forget)
        self.sent.left.connect(lambda: self._turn_to(self._talk))
        self.proposal.left.connect(lambda: self._turn_to(self._talk))
        self.proposal.settled.connect(self._on_settled)
        self.tools.attachment_opened.connect(self._show_proposal)

    def _talk_page(self) -> QWidget:
        inner = QWidget()
        self._talk_column.setSpacing(Space.S)
        inside = QVBoxLayout(inner)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.addLayout(self._talk_column)
        inside.addStretch(1)
        self._scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        self._scroll.setWidget(inner)
        below = QHBoxLayout()
        below.addWidget(self._usage, 1)
        below.addWidget(self.ask_button)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.S)
        column.addWidget(self._title)
        column.addWidget(self._scroll, 1)
        column.addWidget(self.question)
        column.addLayout(below)
        return page

    def _list_page(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.S)
        column.addWidget(self.search)
        column.addWidget(self._list, 1)
        column.addWidget(self.forget_button, 0, Qt.AlignmentFlag.AlignLeft)
        return page

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(Space.S)
        for button in (self.new_button, self.list_button, self.tools_button):
            top.addWidget(button)
        top.addStretch(1)
        top.addWidget(self.close_button)
        self._listing = self._list_page()
        for page in (self._talk, self._listing, self.tools, self.sent, self.proposal):
            self._pages.addWidget(page)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.M, Space.M, Space.M, Space.M)
        column.setSpacing(Space.S)
        column.addLayout(top)
        column.addWidget(self.notice)
        column.addWidget(self._pages, 1)
        column.addWidget(self._disclaimer)


def _today(clock: Callable[[], datetime], zone: tzinfo) -> date:
    return clock().astimezone(zone).date()
