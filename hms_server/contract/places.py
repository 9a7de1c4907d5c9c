"""Where the files that are shipped with the programs lie, in a checkout and in an installed wheel."""

from pathlib import Path

_INSTALLED = Path(__file__).with_name("_resources")
_CHECKOUT = Path(__file__).parents[2] / "resources"


def resource(*parts: str) -> Path:
    """The path of a shipped file or folder that exists; `FileNotFoundError` names the one that is missing."""
    root = _INSTALLED if _INSTALLED.is_dir() else _CHECKOUT
    path = root.joinpath(*parts)
    if not path.exists():
        message = f"The installation is incomplete: {path} is missing."
        raise FileNotFoundError(message)
    return path
