"""What a patient is told of appointments: booked, moved, cancelled, and a reminder the day before."""

from collections.abc import Callable

from hms_server.contract.scheduling import AppointmentChanged, AppointmentStatus
from hms_server.messaging.ask import Messaging
from hms_server.messaging.rules import REMIND_BEFORE
from hms_server.work import Work


def follow_appointments(messaging: Messaging) -> Callable[[Work, AppointmentChanged], None]:
    """The subscriber that tells patients, in the transaction of the change."""

    def on_changed(work: Work, event: AppointmentChanged) -> None:
        about = f"appointment:{event.appointment_id}"
        messaging.take_back(work, about, _OVERTAKEN)
        if event.starts_at <= work.now:
            return
        if event.status is AppointmentStatus.CANCELLED:
            _say(messaging, work, event, "appointment_cancelled")
        elif event.status is AppointmentStatus.BOOKED:
            moved = event.before is not None and event.before != event.starts_at
            # Another doctor or room at the same time is nothing to be told: neither stands in a message.
            if moved or event.before is None:
                _say(messaging, work, event, "appointment_moved" if moved else "appointment_booked")
            _remind(messaging, work, event)

    return on_changed


def _say(messaging: Messaging, work: Work, event: AppointmentChanged, template: str) -> None:
    values = {"when": event.starts_at} | ({"before": event.before} if event.before else {})
    messaging.say(
        work,
        event.patient_id,
        template,
        values,
        about=f"appointment:{event.appointment_id}",
        useless_after=event.starts_at,
    )


def _remind(messaging: Messaging, work: Work, event: AppointmentChanged) -> None:
    """Not of an appointment so soon that the message about its booking is a reminder by itself."""
    send_at = event.starts_at - REMIND_BEFORE
    if send_at <= work.now:
        return
    messaging.say(
        work,
        event.patient_id,
        "appointment_reminder",
        {"when": event.starts_at},
        about=f"appointment:{event.appointment_id}",
        send_at=send_at,
        useless_after=event.starts_at,
    )


_OVERTAKEN = "The appointment has changed since."
