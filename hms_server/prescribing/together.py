"""What a medicine means beside the others of a patient, as pure rules over the table of interactions."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import product as combinations

import msgspec
from msgspec.structs import replace

from hms_server.contract.prescribing import InteractionGrade, SafetyFinding, Severity
from hms_server.prescribing.interactions import InteractionTable
from hms_server.prescribing.safety import PatientFacts, ProductIngredients, RunningMedicine
from hms_server.reference_records import Interaction

LOCAL_ROUTES = frozenset({"topical", "ocular", "otic", "nasal"})
"""Of what is given here little reaches the blood; not so by mouth gel, suppository, pessary or inhaler."""

INTERACTION = "interaction"
"""The second word in the key of every finding about two medicines; it is followed by their slugs."""

_GRADES = tuple(InteractionGrade)
_LOCALLY = {
    InteractionGrade.CONTRAINDICATED: InteractionGrade.MAJOR,
    InteractionGrade.MAJOR: InteractionGrade.MODERATE,
    InteractionGrade.MODERATE: InteractionGrade.MINOR,
    InteractionGrade.MINOR: InteractionGrade.MINOR,
}
_VERDICTS = {
    InteractionGrade.CONTRAINDICATED: "do not give together",
    InteractionGrade.MAJOR: "better not together",
    InteractionGrade.MODERATE: "take care",
    InteractionGrade.MINOR: "good to know",
}


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """A medicine as far as interactions need it; `since` is None for one that is being prescribed now.

    `whole`: the ingredients are all that it contains, not only what could be read out of a name.
    """

    label: str
    ingredients: Sequence[str]
    whole: bool = True
    route: str = ""
    since: datetime | None = None

    @property
    def local(self) -> bool:
        return self.route in LOCAL_ROUTES


class _Known(msgspec.Struct, frozen=True, kw_only=True):
    """Two ingredients that do not go together, and the medicine that brings the second one."""

    mine: str
    theirs: str
    row: Interaction
    grade: InteractionGrade
    other: Taken

    @property
    def pair(self) -> frozenset[str]:
        return frozenset((self.mine, self.theirs))


def taken(product: ProductIngredients, *, route: str) -> Taken:
    """A product of the formulary as it is being prescribed."""
    slugs = [ingredient.slug for ingredient in product.ingredients]
    return Taken(label=product.label, ingredients=slugs, route=route, whole=bool(slugs))


def running(patient: PatientFacts, table: InteractionTable | None) -> list[Taken]:
    """What the patient takes; of an imported medicine its name has to say what it contains."""
    return [_running(medicine, table) for medicine in patient.medicines]


def _running(medicine: RunningMedicine, table: InteractionTable | None) -> Taken:
    if medicine.ingredients:
        known = Taken(label=medicine.product, ingredients=medicine.ingredients)
    else:
        known = named(medicine.product, table)
    return replace(known, route=medicine.route, since=medicine.authored_at)


def named(text: str, table: InteractionTable | None) -> Taken:
    """A medicine of which there is only a name."""
    if table is None:
        return Taken(label=text, ingredients=(), whole=False)
    return Taken(label=text, ingredients=table.ingredients_in(text), whole=table.reads_all(text))


def interactions_of(
    medicine: Taken, beside: Sequence[Taken], table: InteractionTable | None, *, minor: bool = False
) -> list[SafetyFinding]:
    """What is known against this medicine beside the others, and what could not be compared with them.

    Only a contraindicated pair, and a table that cannot be read, need a reason to go on. `minor` asks for the
    lowest grade too, which nobody is bothered with while prescribing.
    """
    if not beside or not medicine.ingredients:
        return []
    if table is None:
        return [TABLE_AWAY]
    known = known_interactions(medicine, beside, table, minor=minor)
    return [*known, *without_data(medicine, beside, table)]


def known_interactions(
    medicine: Taken, beside: Sequence[Taken], table: InteractionTable, *, minor: bool
) -> list[SafetyFinding]:
    """One finding for each two ingredients, the gravest where several products bring them."""
    gravest: dict[frozenset[str], _Known] = {}
    for known in _all_known(medicine, beside, table):
        standing = gravest.setdefault(known.pair, known)
        if _GRADES.index(known.grade) < _GRADES.index(standing.grade):
            gravest[known.pair] = known
    return [
        _finding(known, table)
        for known in gravest.values()
        if minor or known.grade is not InteractionGrade.MINOR
    ]


def _all_known(medicine: Taken, beside: Sequence[Taken], table: InteractionTable) -> Iterator[_Known]:
    for other in beside:
        for mine, theirs in combinations(medicine.ingredients, other.ingredients):
            row = table.between(mine, theirs)
            if row is not None:
                grade = InteractionGrade(row.severity)
                if medicine.local or other.local:
                    grade = _LOCALLY[grade]
                yield _Known(mine=mine, theirs=theirs, row=row, grade=grade, other=other)


def _finding(known: _Known, table: InteractionTable) -> SafetyFinding:
    grave = known.grade is InteractionGrade.CONTRAINDICATED
    severity = Severity.CONTRAINDICATED if grave else Severity.WARNING
    names = f"{table.name(known.mine)} with {table.name(known.theirs)}"
    return SafetyFinding(
        key=f"{severity}.{INTERACTION}.{'.'.join(sorted(known.pair))}",
        severity=severity,
        title=f"{names}: {_VERDICTS[known.grade]}",
        detail=f"{known.row.effect} {_where(known.other)}",
        quiet=known.grade in {InteractionGrade.MODERATE, InteractionGrade.MINOR},
        grade=known.grade,
        source=known.row.source,
    )


def _where(other: Taken) -> str:
    if other.since is None:
        return f"Beside {other.label}."
    return f"Beside {other.label}, prescribed on {other.since:%d/%m/%Y}."


def without_data(
    medicine: Taken, beside: Iterable[Taken], table: InteractionTable
) -> Iterator[SafetyFinding]:
    """What could not be compared: what has no data, and what is known in part or not at all."""
    for slug in medicine.ingredients:
        if not table.lists(slug):
            yield _unchecked(slug, f"Interactions of {table.name(slug)}: NOT CHECKED", _NO_DATA)
    for label in dict.fromkeys(each.label for each in beside if not each.whole):
        yield _unchecked(f"beside.{label}", f"Interactions with “{label}”: NOT CHECKED", _NOT_UNDERSTOOD)


def _unchecked(what: str, title: str, detail: str) -> SafetyFinding:
    return SafetyFinding(
        key=f"{Severity.NOT_CHECKED}.{INTERACTION}.{what}",
        severity=Severity.NOT_CHECKED,
        title=title,
        detail=detail,
        quiet=True,
    )


_NO_DATA = "No source of this system says anything about it."
_NOT_UNDERSTOOD = "This system does not know all that it contains."
TABLE_AWAY = SafetyFinding(
    key=f"{Severity.NOT_CHECKED}.interactions",
    severity=Severity.NOT_CHECKED,
    title="Interactions: NOT CHECKED",
    detail="This system cannot read its list of interactions. Look them up yourself, and tell whoever keeps "
    "the system.",
)
