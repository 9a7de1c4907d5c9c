"""The manual beside the work: F1 opens the page of the screen one is on, Esc brings the keys back."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt, QUrl
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QTextBrowser, QVBoxLayout, QWidget

from hms_desktop.widgets.buttons import SecondaryButton
from hms_desktop.widgets.fields import Field
from hms_desktop.widgets.labels import TextRole, label
from hms_desktop.widgets.side import SideSheet
from hms_desktop.widgets.tokens import Space
from hms_server.contract.manual import START, Manual, Passage, load_manual

WIDTH = 440
SNIPPET_CHARACTERS = 200
SCROLLING = frozenset({Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown})
FOUND_MOST = 8


class HelpPanel(SideSheet):
    """The pages of the manual, with a search over all of them."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window, width=WIDTH)
        self.setAccessibleName(self.tr("Help"))
        self._manual: Manual | None = None
        self._page = ""
        self._found: list[Passage] = []
        self._title = label("", TextRole.HEADING, wraps=True)
        # The key is no shortcut of the button: a question below the help may have one on it as well.
        self._close_button = SecondaryButton(self.tr("Close   Esc"))
        self._close_button.setAccessibleName(self.tr("Close the help"))
        self.search = Field("", placeholder=self.tr("Search the help"))
        self.search.editor.setAccessibleName(self.tr("Search the help"))
        self.text = QTextBrowser(openLinks=False)
        self.text.setFrameShape(QFrame.Shape.NoFrame)
        self.text.setAccessibleName(self.tr("The page"))
        self._lay_out()
        self._connect()

    @property
    def page(self) -> str:
        """The name of the page that is open; empty before the first one."""
        return self._page

    def open(self, key: str) -> None:
        """Shows the page of a workspace, with the keys in the search field."""
        self.search.set_text("")
        self._show_page(key)
        self.reveal(self.search.editor)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if watched is self.search.editor and isinstance(event, QKeyEvent) and event.key() in SCROLLING:
            # Its release as well: a key belongs to one part from its beginning to its end.
            QApplication.sendEvent(self.text, event)
            return True
        return super().eventFilter(watched, event)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        super().changeEvent(event)
        # The colour of links is set when a page is read, and is another one in the dark.
        if event.type() is QEvent.Type.PaletteChange and self._page:
            self._show_text()

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(Space.S)
        top.addWidget(self._title, 1)
        top.addWidget(self._close_button, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.M, Space.M, Space.M, Space.M)
        column.setSpacing(Space.S)
        column.addLayout(top)
        column.addWidget(self.search)
        column.addWidget(self.text, 1)

    def _connect(self) -> None:
        self._close_button.clicked.connect(self.close_sheet)
        self.search.edited.connect(self._on_searched)
        self.search.editor.returnPressed.connect(self._on_enter)
        self.text.anchorClicked.connect(self._on_link)
        self.search.editor.installEventFilter(self)

    def _show_page(self, key: str) -> None:
        page = self._pages().page_for(key)
        self._page = page.name if page else START
        self._found = []
        self._show_text()

    def _show_text(self) -> None:
        if self._found or self.search.text():
            self._title.setText(self.tr("Found"))
            self.text.setMarkdown(self._found_words())
            return
        page = self._pages().pages.get(self._page)
        self._title.setText(page.title if page else self.tr("Help"))
        # The title stands above already, and nothing below it is larger.
        body = page.markdown.partition("\n")[2].replace("\n## ", "\n### ") if page else ""
        self.text.setMarkdown(body or self.tr("The help is not installed here."))

    def _found_words(self) -> str:
        if not self._found:
            return self.tr("Nothing found. Try another word, or a part of it.")
        return "\n\n".join(_entry(passage) for passage in self._found)

    def _on_searched(self, text: str) -> None:
        self._found = list(self._pages().search(text, limit=FOUND_MOST))
        self._show_text()

    def _on_enter(self) -> None:
        if self._found:
            self._follow(self._found[0].page, self._found[0].heading)

    def _on_link(self, link: QUrl) -> None:
        self._follow(link.path().removesuffix(".md"), link.fragment())

    def _follow(self, page: str, heading: str) -> None:
        self.search.set_text("")
        self._show_page(page)
        if heading:
            self._scroll_to(heading)

    def _scroll_to(self, heading: str) -> None:
        """Brings a heading to the top, where the page is longer than the panel."""
        bar = self.text.verticalScrollBar()
        document = self.text.document()
        block = document.begin()
        while block.isValid():
            if block.text() == heading and block.blockFormat().headingLevel():
                bar.setValue(round(document.documentLayout().blockBoundingRect(block).top()))
                return
            block = block.next()

    def _pages(self) -> Manual:
        # Read when somebody asks for help: the start of the program does not wait for it.
        if self._manual is None:
            self._manual = load_manual()
        return self._manual


def _entry(passage: Passage) -> str:
    words = passage.best
    if len(words) > SNIPPET_CHARACTERS:
        words = words[:SNIPPET_CHARACTERS].rpartition(" ")[0] + " …"
    title = passage.title if passage.title == passage.heading else f"{passage.title}: {passage.heading}"
    link = QUrl(f"{passage.page}.md")
    link.setFragment(passage.heading)
    return f"**[{_escaped(title)}]({_target(link)})**\n\n{_escaped(words)}"


def _target(link: QUrl) -> str:
    return bytes(link.toEncoded().data()).decode()


def _escaped(words: str, signs: Sequence[str] = ("\\", "*", "_", "`", "[", "]", "<", "#", "+")) -> str:
    """As it stands, whatever Markdown would make of it."""
    for sign in signs:
        words = words.replace(sign, f"\\{sign}")
    return words
