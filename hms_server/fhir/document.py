"""From a path to a parsed JSON document, with one sentence for every way in which that can fail."""

import json
import re
import stat
from decimal import Decimal
from pathlib import Path
from typing import Any

from hms_server.fhir.report import BundleRefused

MAX_BUNDLE_BYTES = 64 << 20
_MAX_NUMBER_CHARACTERS = 40
_MAX_NUMBER_EXPONENT = 40
_BYTES_OF_A_MB = 1 << 20
_BREAKABLE = ("true", "false", "null", "-")
_CUT_NUMBER = re.compile(r"\.|[eE][+-]?")


def label(path: Path) -> str:
    """The file's name as it can be printed and stored, also if it was written in another encoding."""
    return path.name.encode("utf-8", "replace").decode()


def bundle_files(path: Path) -> tuple[Path, ...]:
    """The file itself, or the *.json files of a folder by name; hidden ones are not meant."""
    if not path.is_dir():
        return (path,)
    name = label(path)
    try:
        found = sorted(each for each in path.iterdir() if each.suffix.lower() == ".json")
    except OSError as error:
        raise BundleRefused(f"{name} cannot be read: {error.strerror}.") from error
    files = tuple(each for each in found if not each.name.startswith("."))
    if not files:
        raise BundleRefused(f"{name} is a folder without any .json file.")
    return files


def read_document(path: Path, *, max_bytes: int) -> Any:
    """The JSON document of the file, its numbers exactly as written."""
    name = label(path)
    text = _decode(_read(path, max_bytes=max_bytes), name)
    try:
        return json.loads(text, parse_float=_number, parse_int=_integer, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise BundleRefused(f"{name} {_syntax_sentence(text, error)}") from error
    except RecursionError as error:
        raise BundleRefused(f"{name} is nested far deeper than any FHIR resource.") from error
    except _ConstantFound as error:
        raise BundleRefused(f"{name} holds {error}, which is not a number that JSON allows.") from error


def _read(path: Path, *, max_bytes: int) -> bytes:
    name = label(path)
    try:
        about = path.stat()
        if stat.S_ISDIR(about.st_mode):
            raise BundleRefused(f"{name} is a folder, not a file.")
        # A pipe or a device has no end that could be checked before reading it.
        if not stat.S_ISREG(about.st_mode):
            raise BundleRefused(f"{name} is not an ordinary file.")
        _check_size(name, about.st_size, max_bytes=max_bytes)
        with path.open("rb") as file:
            data = file.read(max_bytes + 1)
    except FileNotFoundError as error:
        raise BundleRefused(f"{name} does not exist.") from error
    except OSError as error:
        raise BundleRefused(f"{name} cannot be read: {error.strerror}.") from error
    # It may have grown since its size was asked.
    _check_size(name, len(data), max_bytes=max_bytes)
    return data


def _check_size(name: str, size_bytes: int, *, max_bytes: int) -> None:
    if size_bytes > max_bytes:
        limit = f"{max_bytes / _BYTES_OF_A_MB:g} MB"
        raise BundleRefused(f"{name} is larger than {limit}, the limit for one file; divide it by patients.")


def _decode(data: bytes, name: str) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data":
            raise BundleRefused(f"{name} is cut short: it ends in the middle of a character.") from error
        raise BundleRefused(f"{name} is not text in UTF-8, which FHIR demands.") from error
    if not text.strip():
        raise BundleRefused(f"{name} is empty.")
    if text.lstrip().startswith("<"):
        raise BundleRefused(f"{name} is XML; only bundles in JSON are read.")
    return text


def _syntax_sentence(text: str, error: json.JSONDecodeError) -> str:
    if error.msg == "Extra data":
        return f"holds more than one JSON document (the second from line {error.lineno} on)."
    if _ends_too_soon(text, error):
        return f"is cut short: it ends in line {error.lineno} in the middle of the document."
    return f"is not JSON (line {error.lineno}, column {error.colno}: {error.msg})."


def _ends_too_soon(text: str, error: json.JSONDecodeError) -> bool:
    rest = text[error.pos :].strip()
    if not rest or error.msg.startswith("Unterminated string"):
        return True
    if error.msg.startswith("Invalid \\"):
        return len(rest) < len("\\uFFFF") and '"' not in rest
    return any(word.startswith(rest) for word in _BREAKABLE) or bool(_CUT_NUMBER.fullmatch(rest))


class _ConstantFound(Exception):  # noqa: N818 - carries the word out of the JSON parser, nothing else
    pass


def _refuse_constant(word: str) -> Any:
    raise _ConstantFound(word)


def _number(text: str) -> Decimal:
    """The number as written; an absurd one becomes NaN, which the resource it stands in is rejected for.

    Left alone, a short 1e999999999 would fill the memory as soon as anything turned it into digits.
    """
    if len(text) > _MAX_NUMBER_CHARACTERS:
        return Decimal("NaN")
    exponent = text.lower().partition("e")[2]
    if exponent and abs(int(exponent)) > _MAX_NUMBER_EXPONENT:
        return Decimal("NaN")
    return Decimal(text)


def _integer(text: str) -> int | Decimal:
    return int(text) if len(text) <= _MAX_NUMBER_CHARACTERS else Decimal("NaN")
