"""The stock desk: medicines at the left, one of them at the right, and one act on it at a time."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, tzinfo

from PySide6.QtCore import Qt
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from hms_desktop.drafts import Autosaver
from hms_desktop.pharmacy.gs1 import ScannedPack, read_pack, same_gtin
from hms_desktop.pharmacy.stock.count.panel import CountForm
from hms_desktop.pharmacy.stock.form.panel import StockForm
from hms_desktop.pharmacy.stock.kept import KeptStock
from hms_desktop.pharmacy.stock.listed.panel import StockList
from hms_desktop.pharmacy.stock.loss.panel import LossForm
from hms_desktop.pharmacy.stock.moved.panel import MovementsCard
from hms_desktop.pharmacy.stock.product.panel import ProductView
from hms_desktop.pharmacy.stock.receive.panel import ReceiveForm
from hms_desktop.pharmacy.stock.state import StockState
from hms_desktop.pharmacy.stock.table import amount_text
from hms_desktop.pharmacy.stock.words import scanned_words
from hms_desktop.session import Session
from hms_desktop.widgets.notices import Notice
from hms_desktop.widgets.tokens import Kind, Space
from hms_desktop.widgets.words import time_text
from hms_server.contract.envelope import Fault
from hms_server.contract.pharmacy import BatchRow, StockRow
from hms_server.contract.values import BatchId, ProductId, StaffId


class StockPanel(QWidget):
    """What is typed belongs to one medicine, and nothing takes it away but storing it or Esc twice."""

    def __init__(
        self,
        session: Session,
        *,
        clock: Callable[[], datetime],
        zone: tzinfo,
        autosaver: Autosaver,
        staff_id: StaffId,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._clock = clock
        self._zone = zone
        self._batch_id: BatchId | None = None
        self._form: StockForm | None = None
        self._asked_to_drop = False
        self._pack: ScannedPack | None = None
        """What was scanned last of the medicine that is shown, and no form has taken yet."""
        self._looks_for_lot = False
        self._restoring: dict[str, str] | None = None
        self.state = StockState(session, parent=self)
        self._kept = KeptStock(autosaver, staff_id=staff_id, parent=self)
        self.notice = Notice()
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(Space.M)
        self._right = QVBoxLayout()
        self._right.setSpacing(Space.M)
        self._forms: tuple[StockForm, ...] = ()

    def furnish(self) -> Iterator[None]:
        """Builds the parts, one after the other; before that, nothing else may be asked."""
        self.stock = StockList()
        self._row.addWidget(self.stock, 2)
        self._row.addLayout(self._right, 3)
        yield
        self._right.addWidget(self.notice)
        self.view = ProductView(clock=self._clock, zone=self._zone)
        self._right.addWidget(self.view, 1)
        yield
        self.moved = MovementsCard(self.view.unit, clock=self._clock, zone=self._zone)
        self.view.put_below(self.moved)
        yield
        self.receive = ReceiveForm(today=self._today)
        self._hold(self.receive)
        yield
        self.count = CountForm()
        self._hold(self.count)
        self.loss = LossForm(today=self._today)
        self._hold(self.loss)
        yield
        self._connect()
        self._kept.find(self._on_kept)

    def primary(self) -> None:
        """Ctrl+Enter: stores what is typed; says at its field what is missing."""
        form = self._form
        if form is None or self.state.saving:
            return
        request = form.request()
        if request is not None:
            self.notice.take_back()
            self.state.store(request)

    def is_busy(self) -> bool:
        """Whether something is typed that is not stored."""
        return self._form is not None and (self._form.is_touched or self.state.saving)

    def take_focus(self) -> None:
        """The keys go to where the next typing happens."""
        if self._form is not None:
            self._form.start()
        else:
            self.stock.take_focus()

    def scan(self, code: str) -> bool:
        """A pack was scanned: chooses its medicine and batch; says whether it was a pack."""
        pack = read_pack(code, today=self._today())
        if pack is None:
            return False
        product = self.state.product
        if product is not None and same_gtin(product.gtin) == pack.gtin:
            self._take(pack)
        else:
            self.state.find_pack(pack.gtin, found=lambda rows: self._on_pack_found(pack, rows))
        return True

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        self.state.watch()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - Qt's name
        super().hideEvent(event)
        self.state.look_away()

    def _hold(self, form: StockForm) -> None:
        form.hide()
        self.view.slot.addWidget(form)
        self._forms += (form,)
        form.edited.connect(self._on_edited)
        form.save_wanted.connect(self.primary)
        form.leave_wanted.connect(self._leave)

    def _connect(self) -> None:
        state, view = self.state, self.view
        state.list_changed.connect(lambda: self.stock.show_rows(state.rows, more=state.more))
        state.list_failed.connect(lambda fault: self.stock.list.show_error(fault.message))
        state.product_changed.connect(self._show_product)
        state.batches_changed.connect(self._show_batches)
        state.movements_changed.connect(lambda: self.moved.show_movements(state.movements))
        state.failed.connect(self._on_failed)
        state.stored.connect(self._on_stored)
        state.refused.connect(self._on_refused)
        state.saving_changed.connect(self._show_saving)
        self.stock.text_entered.connect(state.look_for)
        self.stock.chosen.connect(self._on_product_chosen)
        self.stock.retried.connect(state.reload)
        view.retried.connect(state.reload)
        self.moved.retried.connect(state.reload)
        view.batch_chosen.connect(self._on_batch_chosen)
        view.receive_button.clicked.connect(lambda: self._begin(self.receive))
        view.count_button.clicked.connect(lambda: self._begin(self.count))
        view.loss_button.clicked.connect(lambda: self._begin(self.loss))
        self._kept.failed.connect(self._on_not_kept)

    def _on_product_chosen(self, row: StockRow) -> None:
        if row.product_id == self._shown_id() or self._may_go_on(row.product):
            self._choose(row)
        else:
            self.stock.mark(self._shown_id())

    def _choose(self, row: StockRow) -> None:
        """Another medicine: a form for deliveries follows, one that speaks of a batch is over."""
        if self._shown_id() != row.product_id:
            self._pack = None
            self._batch_id = None
            self.receive.forget()
            if self._form is not self.receive:
                self._close()
        self.state.choose(row)
        self.stock.mark(row.product_id)

    def _may_go_on(self, wanted: str) -> bool:
        """Whether nothing is typed that would be lost; else says so."""
        form = self._form
        if form is None or not self.is_busy():
            return True
        title = self.tr("{medicine}: what you typed is not stored yet.")
        sentence = self.tr("Store it with Ctrl+Enter or drop it with Esc, then go on to {wanted}.")
        self.notice.say(
            Kind.WARNING, title.format(medicine=form.product.product), sentence.format(wanted=wanted)
        )
        return False

    def _show_product(self) -> None:
        product = self.state.product
        if product is None:
            return
        self.view.show_product(product)
        self.moved.show_movements(self.state.movements)
        if self.state.batches is None:
            self.view.show_batches(None)
            self.receive.show_batches(())
        for form in self._forms:
            form.show_product(product)

    def _show_batches(self) -> None:
        rows = self.state.batches or []
        speaks_of_batch = self._form in (self.count, self.loss) and self.is_busy()
        if self.state.batch(self._batch_id) is None and not speaks_of_batch:
            self._batch_id = rows[0].id if rows else None
        self.view.show_batches(rows)
        self.view.mark_batch(self._batch_id)
        self.receive.show_batches(rows)
        self._show_batch()
        if self._restoring is not None and self._restoring["product_id"] == str(self._shown_id()):
            self._restore_form(self._restoring)
        elif self._looks_for_lot and self._pack is not None:
            self._find_batch(self._pack)

    def _show_batch(self) -> None:
        batch = self.state.batch(self._batch_id)
        for form in (self.count, self.loss):
            form.show_batch(batch)

    def _on_batch_chosen(self, row: BatchRow) -> None:
        if self._form in (self.count, self.loss) and not self._may_go_on(row.lot):
            self.view.mark_batch(self._batch_id)
        else:
            self._choose_batch(row.id)

    def _choose_batch(self, batch_id: BatchId) -> None:
        self._batch_id = batch_id
        self.view.mark_batch(batch_id)
        self._show_batch()

    def _begin(self, form: StockForm) -> None:
        """One act at a time; the same key again brings the keys back to its form."""
        if form is self._form:
            form.start()
        elif self.state.product is not None and self._may_go_on(form.save_button.accessibleName()):
            self.notice.take_back()
            if form is not self.receive and self.state.batch(self._batch_id) is None:
                words = self.tr("There is no batch. Receive one with F5.")
                if self.state.batches is None:
                    words = self.tr("The batches are not here yet. Try again in a moment.")
                self.notice.say(Kind.INFO, words)
                return
            self._open(form)

    def _open(self, form: StockForm) -> None:
        self._close()
        self._form = form
        self._show_batch()
        form.show()
        # Low screens have no room for both.
        self.moved.hide()
        if form is self.receive and self._pack is not None:
            self._take(self._pack)
        form.start()

    def _close(self) -> None:
        form, self._form = self._form, None
        self._asked_to_drop = False
        if form is not None:
            form.hide()
            form.clear()
            self.moved.show()

    def _leave(self) -> None:
        """Esc: what is typed is dropped by the second one."""
        if self._form is None or self.state.saving:
            return
        if self._form.is_touched and not self._asked_to_drop:
            self._asked_to_drop = True
            title, sentence = self.tr("Nothing is stored yet."), self.tr("Esc again drops what you typed.")
            self.notice.say(Kind.WARNING, title, sentence)
            return
        self.notice.take_back()
        self._kept.discard()
        self.receive.forget()
        self._close()
        self.view.batches.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_edited(self) -> None:
        self._asked_to_drop = False
        form = self._form
        if form is None:
            return
        about = {"act": form.act, "product_id": str(form.product.product_id)}
        if self._batch_id is not None:
            about["batch_id"] = str(self._batch_id)
        if form.is_touched:
            self._kept.keep(form.typed() | about)
        else:
            self._kept.discard()

    def _on_stored(self, batch: BatchRow) -> None:
        self._kept.discard()
        form, unit = self._form, self.receive.product.dispensing_unit
        moment = time_text(self._clock(), self._zone)
        self._batch_id = batch.id
        self._pack = None
        if form is self.receive:
            form.clear()
            form.start()
        else:
            self._close()
            self.view.batches.setFocus(Qt.FocusReason.OtherFocusReason)
        words = self.tr("Stored {time}: {medicine}, lot {lot}: {amount} on hand.")
        self.notice.say(
            Kind.OK,
            words.format(
                time=moment, medicine=batch.product, lot=batch.lot, amount=amount_text(batch.on_hand, unit)
            ),
        )

    def _on_failed(self, fault: Fault) -> None:
        self.view.show_error(fault.message)
        self.moved.show_error(fault.message)

    def _on_refused(self, fault: Fault) -> None:
        if self._form is None or not self._form.show_fault(fault):
            self.notice.say(Kind.DANGER, fault.message)

    def _show_saving(self) -> None:
        if self._form is not None:
            self._form.set_saving(saving=self.state.saving)

    def _on_pack_found(self, pack: ScannedPack, rows: list[StockRow]) -> None:
        row = next((row for row in rows if same_gtin(row.gtin) == pack.gtin), None)
        if row is None:
            title = self.tr("No medicine has the number {gtin}.").format(gtin=pack.gtin)
            self.notice.say(Kind.WARNING, title, self.tr("Look for it by its name."))
        elif self._may_go_on(row.product):
            self._choose(row)
            self._take(pack)

    def _take(self, pack: ScannedPack) -> None:
        """A pack of the medicine that is shown: into the open delivery, or its batch is chosen."""
        self._pack = pack
        if self._form is self.receive:
            self._pack = None
            differs = self.receive.take(pack)
            self.receive.start()
            self.notice.say(*scanned_words(pack, differs=differs))
        elif self.state.batches is None:
            self._looks_for_lot = True
        else:
            self._find_batch(pack)

    def _find_batch(self, pack: ScannedPack) -> None:
        self._looks_for_lot = False
        lot = pack.lot.upper()
        batch = next((row for row in self.state.batches or () if row.lot.upper() == lot), None)
        if batch is not None:
            if batch.id != self._batch_id:
                self._on_batch_chosen(batch)
            return
        if lot:
            title = self.tr("Lot {lot} is not in the list.").format(lot=pack.lot)
            self.notice.say(Kind.INFO, title, self.tr("F5 receives it."))

    def _on_kept(self, typed: dict[str, str]) -> None:
        if self._form is None and typed.get("product_id", "").isdigit():
            product_id = ProductId(int(typed["product_id"]))
            self.state.find_product(product_id, found=lambda rows: self._on_kept_found(typed, rows))

    def _on_kept_found(self, typed: dict[str, str], rows: list[StockRow]) -> None:
        if rows and self._form is None:
            self._choose(rows[0])
            self._restoring = typed
            if self.state.batches is not None:
                self._show_batches()

    def _restore_form(self, typed: dict[str, str]) -> None:
        """What was typed before the program ended or somebody signed out stands there again."""
        self._restoring = None
        form = next((form for form in self._forms if form.act == typed.get("act")), None)
        if form is None or self._form is not None:
            return
        number = typed.get("batch_id", "")
        if form is not self.receive:
            if not number.isdigit() or self.state.batch(BatchId(int(number))) is None:
                return
            self._choose_batch(BatchId(int(number)))
        self._open(form)
        form.restore(typed)
        title = self.tr("You typed this before; it may not be stored.")
        self.notice.say(Kind.INFO, title, self.tr("Compare it with the batches before you store it."))

    def _on_not_kept(self, reason: str) -> None:
        title = self.tr("What you type would not survive a crash: {reason}.").format(reason=reason)
        self.notice.say(Kind.WARNING, title, self.tr("Store it soon."))

    def _shown_id(self) -> ProductId | None:
        return self.state.product.product_id if self.state.product else None

    def _today(self) -> date:
        return self._clock().astimezone(self._zone).date()
