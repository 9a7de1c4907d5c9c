"""The formulary is loaded from the files as often as one likes, and found by the words people use."""

import shutil
from pathlib import Path

import pytest

from hms_server.contract.places import resource
from hms_server.contract.prescribing import ListFrequencies, ProductRow, SearchProducts
from hms_server.contract.values import Role
from hms_server.prescribing.formulary import load_formulary
from hms_server.reference import ReferenceDataError
from tests.server.charts import stock_formulary
from tests.server.desk import Desk


@pytest.fixture
def ward(desk: Desk) -> Desk:
    stock_formulary(desk)
    return desk


def search(ward: Desk, text: str) -> list[ProductRow]:
    return ward.ask(SearchProducts(text=text), Role.DOCTOR).products


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("paracetamol 500", "paracetamol-500mg-tablet"),
        ("500 para", "paracetamol-500mg-tablet"),
        ("acetaminophen 500mg", "paracetamol-500mg-tablet"),
        ("PCM tab 500 mg", "paracetamol-500mg-tablet"),
        ("cotrimoxazole 80", "sulfamethoxazole-trimethoprim-400mg-80mg-tablet"),
        ("lumefantrine 80 480", "artemether-lumefantrine-80mg-480mg-tablet"),
        ("2041000000742", "artemether-lumefantrine-80mg-480mg-tablet"),
    ],
)
def test_products_are_found_by_the_words_people_use(ward: Desk, typed: str, code: str) -> None:
    """Begun words of name, ingredient, synonym, form or strength in any order, or the number on the pack."""
    assert code in [product.code for product in search(ward, typed)]


def test_a_row_has_all_that_a_line_needs(ward: Desk) -> None:
    """Usual dose, its unit, and how often, as the reference file says."""
    (row,) = [each for each in search(ward, "salbutamol inhaler") if each.dispensed_whole]

    assert (row.form, row.dose_unit, row.dispensing_unit, row.usual_frequency) == (
        "inhaler", "puff", "inhaler", "Q6H-PRN",
    )  # fmt: skip


@pytest.mark.parametrize("typed", ["", "  ", "qwxyz", "paracetamol qwxyz", "%", "\\"])
def test_what_nothing_matches_finds_nothing(ward: Desk, typed: str) -> None:
    """Signs of a pattern are only text."""
    assert search(ward, typed) == []


def test_at_most_twenty_and_what_is_in_stock_first(ward: Desk) -> None:
    """What the pharmacy cannot give stands below what it can."""
    everything = search(ward, "tablet")
    stocked = everything[-1]
    ward.sql(ADD_BATCH, (stocked.id,))
    ward.sql(RECEIVE, (ward.now,))

    again = search(ward, "tablet")

    assert len(everything) == len(again) == 20
    assert [each.name for each in everything] == sorted(each.name for each in everything)
    assert (again[0].code, again[0].in_stock) == (stocked.code, 30)


def test_loading_again_changes_nothing(ward: Desk) -> None:
    """Not even the rows' versions: a start writes only what is new."""
    tables = (
        "select 'p', id::text, xmin::text from product union all select 'i', slug, xmin::text from ingredient"
    )
    before = sorted(ward.sql(tables))

    stock_formulary(ward)

    assert sorted(ward.sql(tables)) == before
    assert len(before) > 400


def test_a_later_version_of_the_files_is_taken_over(ward: Desk, tmp_path: Path) -> None:
    """What changed is changed under the same id; what is gone is not offered any more."""
    folder = shutil.copytree(resource("reference"), tmp_path / "reference")
    formulary = folder / "formulary.csv"
    lines = formulary.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if not line.startswith("paracetamol-500mg-tablet,")]
    changed = "\n".join(kept).replace("ibuprofen-400mg-tablet,Ibuprofen,", "ibuprofen-400mg-tablet,Brufen,")
    formulary.write_text(changed, encoding="utf-8")
    ids = dict(ward.sql("select code, id from product"))

    with ward.connect() as connection:
        load_formulary(connection, folder)

    assert dict(ward.sql("select code, id from product")) == ids
    assert [each.id for each in search(ward, "brufen")] == [ids["ibuprofen-400mg-tablet"]]
    assert "paracetamol-500mg-tablet" not in [each.code for each in search(ward, "paracetamol 500")]


def test_a_broken_file_leaves_the_database_as_it_was(ward: Desk, tmp_path: Path) -> None:
    """The reason names file and line; the formulary of yesterday goes on."""
    folder = shutil.copytree(resource("reference"), tmp_path / "reference")
    (folder / "formulary.csv").write_text("code,name\nx,y\n", encoding="utf-8")

    with ward.connect() as connection, pytest.raises(ReferenceDataError, match=r"formulary\.csv:1"):
        load_formulary(connection, folder)

    assert search(ward, "paracetamol 500")


def test_frequencies_come_in_their_order(ward: Desk) -> None:
    """Once a day first, with times and marks as the file says."""
    frequencies = ward.ask(ListFrequencies(), Role.DOCTOR).frequencies

    assert [each.code for each in frequencies[:4]] == ["OD", "MANE", "NOCTE", "BD"]
    assert [each.code for each in frequencies if each.once] == ["STAT"]


ADD_BATCH = "insert into batch (product_id, lot, expires_on) values (%s, 'L1', '2027-01-31')"
RECEIVE = """
insert into stock_movement (batch_id, quantity, kind, at)
select id, 30, 'received', %s from batch
"""
