"""Writes what a bundle owes to others: licences in full, and a bill of materials in CycloneDX' words."""

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from installers.bundle.parts import IN_FULL, NOT_STATED, Part

LINE = "=" * 78
UNNAMED = (IN_FULL, NOT_STATED)


def write_licences(path: Path, parts: Sequence[Part], *, title: str) -> None:
    """A list of all parts, then each text once with the names of those that it belongs to."""
    listed = [f"{part.name} {part.version}".strip() + f": {part.licence}" for part in parts]
    texts: dict[str, list[str]] = {}
    for part in parts:
        for text in part.texts:
            texts.setdefault(text, []).append(part.name)
    blocks = [f"{title}\n\nIt contains the work of others:\n", *listed]
    for text, names in texts.items():
        blocks += ["", LINE, ", ".join(names), LINE, "", text]
    path.write_text("\n".join(blocks) + "\n", encoding="utf-8")


def write_bill(path: Path, parts: Sequence[Part], *, name: str, facts: Path) -> None:
    """CycloneDX 1.6 in JSON; `facts` is the file that `baked` wrote."""
    baked = json.loads(facts.read_text(encoding="utf-8"))
    program = Component(name=name, version=baked["version"], type=ComponentType.APPLICATION, bom_ref=name)
    bill = Bom(components=[_component(part) for part in parts])
    bill.metadata.component = program
    bill.metadata.timestamp = datetime.fromisoformat(baked["built_at"])
    bill.register_dependency(program, bill.components)
    path.write_text(JsonV1Dot6(bill).output_as_string(indent=1), encoding="utf-8")


def _component(part: Part) -> Component:
    # Written as the words of its package where these are no identifier that the standard knows.
    licences = [LicenseFactory().make_from_string(part.licence)] if part.licence not in UNNAMED else []
    url = PackageURL(
        part.kind, "debian" if part.kind == "deb" else None, part.name.lower(), part.version or None
    )
    references = (
        [ExternalReference(type=ExternalReferenceType.WEBSITE, url=XsUri(part.home))]
        if part.home.startswith("https:")
        else []
    )
    return Component(
        name=part.name,
        version=part.version or None,
        type=ComponentType.LIBRARY,
        licenses=licences,
        purl=url,
        bom_ref=str(url),
        external_references=references,
        description=part.home if part.home and not references else None,
    )
