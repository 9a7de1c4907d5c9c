"""The questions at the kiosk and what their answers mean: pure rules that only ever raise the urgency.

Sources: South African Triage Scale, training manual 2012 (emergency and very urgent discriminators of adults
and children); WHO, Integrated Management of Childhood Illness, chart booklet 2014 (general danger signs). A
kiosk measures nothing, so scores of vital signs have no place here: the nurse's station takes them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hms_server.contract.symptoms import SymptomChoice, SymptomQuestion, SymptomResult, Urgency

SATS = "South African Triage Scale (SATS), 2012"
IMCI = "WHO, Integrated Management of Childhood Illness (IMCI), chart booklet, 2014"
RANKS = (Urgency.EMERGENCY, Urgency.VERY_URGENT, Urgency.URGENT, Urgency.ROUTINE)
SENTENCES = {
    Urgency.EMERGENCY: (
        "Go to the front desk now and say: emergency. Do not wait. If you cannot walk, call out."
    ),
    Urgency.VERY_URGENT: (
        "Go to the front desk now and say that it is very urgent. You must be seen within ten minutes."
    ),
    Urgency.URGENT: (
        "Tell the front desk now. You should be seen within an hour. Say at once if it gets worse."
    ),
    Urgency.ROUTINE: "Take a ticket at the front desk and wait. Say at once if it gets worse.",
}
GENERAL = "General practice"
LAST = "words"
NONE_OF_THESE = "none"


@dataclass(frozen=True, kw_only=True)
class Sign:
    """One answer: how urgent it makes things, for whom, and where its rule comes from."""

    key: str
    text: str
    urgency: Urgency = Urgency.ROUTINE
    source: str = SATS
    speciality: str = ""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One question; `asked_if` are groups of people whom it concerns, empty: everybody."""

    key: str
    text: str
    signs: Sequence[Sign]
    many: bool = True
    asked_if: frozenset[str] = frozenset()


E, V, U = Urgency.EMERGENCY, Urgency.VERY_URGENT, Urgency.URGENT
SMALL = frozenset({"baby", "child"})
GROWN = frozenset({"grown"})
STEPS: Sequence[Step] = (
    Step(
        key="who",
        text="Who is ill?",
        many=False,
        signs=(
            Sign(key="baby", text="A baby under 2 months", urgency=V, source=IMCI, speciality="Children"),
            Sign(key="child", text="A child from 2 months to 12 years", speciality="Children"),
            Sign(key="grown", text="Somebody older than 12 years"),
            Sign(
                key="pregnant",
                text="A woman who is pregnant or gave birth in the last six weeks",
                speciality="Women and pregnancy",
            ),
        ),
    ),
    Step(
        key="now",
        text="Is any of this happening now?",
        signs=(
            Sign(key="not_breathing", text="Not breathing, or choking", urgency=E),
            Sign(key="hard_to_breathe", text="Cannot speak or cry because of being out of breath", urgency=E),
            Sign(key="fit", text="A fit (convulsion) now", urgency=E),
            Sign(key="not_waking", text="Cannot be woken, or is confused", urgency=E),
            Sign(key="bleeding_much", text="Heavy bleeding that does not stop", urgency=E),
            Sign(key="blue", text="Blue lips or tongue", urgency=E),
            Sign(key="burn_face", text="A burn of the face, or smoke breathed in", urgency=E),
            Sign(key="snake", text="A snake bite", urgency=V),
        ),
    ),
    Step(
        key="small_child",
        text="Does the child have any of this?",
        asked_if=SMALL,
        signs=(
            Sign(key="not_drinking", text="Cannot drink or breastfeed", urgency=E, source=IMCI),
            Sign(key="vomits_all", text="Vomits everything", urgency=E, source=IMCI),
            Sign(key="had_fit", text="Had a fit in this illness", urgency=E, source=IMCI),
            Sign(
                key="lethargic",
                text="Very sleepy, floppy, or does not wake as usual",
                urgency=E,
                source=IMCI,
            ),
            Sign(key="chest_in", text="The chest is drawn in when breathing", urgency=V, source=IMCI),
            Sign(key="stiff_neck", text="Fever with a stiff neck", urgency=E, source=IMCI),
            Sign(key="sunken", text="Sunken eyes with diarrhoea", urgency=V, source=IMCI),
            Sign(key="fever", text="Fever, or feels hot", urgency=U, source=IMCI),
            Sign(key="cough", text="Cough or fast breathing", urgency=U, source=IMCI),
        ),
    ),
    Step(
        key="pregnancy",
        text="Is there any of this?",
        asked_if=frozenset({"pregnant"}),
        signs=(
            Sign(key="bleeding", text="Bleeding from the vagina", urgency=V),
            Sign(key="belly_pain", text="Strong pain in the belly, or labour has begun", urgency=V),
            Sign(key="headache_vision", text="Bad headache, or sees badly", urgency=V),
            Sign(key="waters", text="The waters have broken", urgency=V),
            Sign(key="no_movement", text="The baby moves less than before", urgency=V),
            Sign(key="pregnant_injury", text="A fall, a blow or an accident", urgency=V),
        ),
    ),
    Step(
        key="today",
        text="Which of this is there today?",
        signs=(
            Sign(key="chest_pain", text="Pain in the chest", urgency=V, speciality="Internal medicine"),
            Sign(key="short_breath", text="Short of breath", urgency=V),
            Sign(key="weak_side", text="Weak or numb on one side, or speech has changed", urgency=V),
            Sign(key="blood", text="Coughs up or vomits blood", urgency=V),
            Sign(key="after_fit", text="Had a fit, it is over", urgency=V),
            Sign(key="poison", text="Swallowed poison or too many medicines", urgency=V),
            Sign(
                key="wants_death", text="Wants to harm self or others", urgency=V, speciality="Mental health"
            ),
            Sign(key="stiff_neck_fever", text="Fever with a stiff neck", urgency=V),
            Sign(
                key="sugar_ill",
                text="Diabetes, and feels very ill",
                urgency=V,
                speciality="Internal medicine",
            ),
            Sign(
                key="broken",
                text="A bone may be broken or out of joint",
                urgency=U,
                speciality="Bones and joints",
            ),
            Sign(key="wound", text="A wound or burn, bleeding has stopped", urgency=U, speciality="Surgery"),
            Sign(
                key="eye", text="Sudden loss of sight, or something in the eye", urgency=V, speciality="Eyes"
            ),
            Sign(key="keeps_vomiting", text="Vomits again and again", urgency=U),
            Sign(key="some_fever", text="Fever", urgency=U),
            Sign(key="belly", text="Pain in the belly", urgency=U),
            Sign(key="urine", text="Cannot pass urine", urgency=V),
        ),
    ),
    Step(
        key="pain",
        text="How strong is the pain?",
        many=False,
        signs=(
            Sign(key="no_pain", text="No pain"),
            Sign(key="some_pain", text="Some pain"),
            Sign(key="strong_pain", text="Strong: it is hard to think of anything else", urgency=U),
            Sign(key="worst_pain", text="The worst there can be", urgency=V),
        ),
    ),
    Step(key=LAST, text="What else is wrong? A few words, without names.", signs=(), many=False),
)
BY_KEY = {step.key: step for step in STEPS}
Given = Mapping[str, Sequence[str]]


def steps_for(given: Given) -> list[Step]:
    """The questions that concern whoever is ill, as far as that is known."""
    who = set(given.get("who", ()))
    return [step for step in STEPS if not step.asked_if or step.asked_if & who]


def next_step(given: Given) -> Step | None:
    """The first question without an answer; none once an emergency is known, or all is said."""
    if judge(given) is Urgency.EMERGENCY:
        return None
    return next((step for step in steps_for(given) if step.key not in given), None)


def judge(given: Given) -> Urgency:
    """The most urgent of all that was said."""
    return most_urgent(Urgency.ROUTINE, *(sign.urgency for sign in signs_of(given)))


def most_urgent(*levels: Urgency) -> Urgency:
    return min(levels, key=RANKS.index)


def signs_of(given: Given) -> list[Sign]:
    """What was chosen, in the order of the questions; what does not concern this person is left out."""
    return [sign for step in steps_for(given) for sign in step.signs if sign.key in given.get(step.key, ())]


def question_of(step: Step, given: Given) -> SymptomQuestion:
    steps = steps_for(given)
    choices = [SymptomChoice(key=sign.key, text=sign.text) for sign in step.signs]
    if step.many and choices:
        choices.append(SymptomChoice(key=NONE_OF_THESE, text="None of these"))
    return SymptomQuestion(
        key=step.key,
        text=step.text,
        choices=choices,
        many=step.many,
        step=steps.index(step) + 1,
        of=len(steps),
    )


def result_of(
    given: Given, *, raised_to: Urgency | None = None, raised_because: str = "", waits: bool = False
) -> SymptomResult:
    """The level with its reasons; the assistant's opinion counts only where it is more urgent."""
    own = judge(given)
    urgency = own if raised_to is None else most_urgent(own, raised_to)
    signs = signs_of(given)
    reasons = [sign.text for sign in signs if sign.urgency is own and own is not Urgency.ROUTINE]
    raised = urgency is not own
    sources = dict.fromkeys(sign.source for sign in signs if sign.urgency is own) or {SATS: None}
    return SymptomResult(
        urgency=urgency,
        speciality=next((sign.speciality for sign in reversed(signs) if sign.speciality), GENERAL),
        sentence=SENTENCES[urgency],
        reasons=[*reasons, raised_because] if raised and raised_because else reasons,
        source="; ".join(sources),
        raised_by_assistant=raised,
        assistant_waits=waits,
    )
