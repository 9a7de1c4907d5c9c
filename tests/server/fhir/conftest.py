"""A bundle made of the resources that a test is about, read through the real file."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from hms_server.fhir.bundle import read_bundle
from hms_server.fhir.report import BundleContent

TODAY = date(2026, 1, 1)
ADA = {"resourceType": "Patient", "id": "ada", "name": [{"family": "Obi", "given": ["Ada"]}]}

ReadResources = Callable[..., BundleContent]


@pytest.fixture
def ada() -> dict[str, Any]:
    """The smallest patient that can be taken."""
    return dict(ADA)


@pytest.fixture
def today() -> date:
    return TODAY


@pytest.fixture
def read_text(tmp_path: Path) -> Callable[[str], BundleContent]:
    """Reads a file with this text."""

    def read(text: str) -> BundleContent:
        path = tmp_path / "bundle.json"
        path.write_text(text, encoding="utf-8")
        return read_bundle(path, today=TODAY)

    return read


@pytest.fixture
def read_resources(read_text: Callable[[str], BundleContent]) -> ReadResources:
    """Reads a collection of Ada Obi (Patient/ada) and these resources."""

    def read(*resources: dict[str, Any]) -> BundleContent:
        entries = [{"resource": each} for each in (ADA, *resources)]
        return read_text(json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}))

    return read
