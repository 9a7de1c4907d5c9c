"""Decides what of all that PyInstaller found goes into a bundle: what is used, and what that needs."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePosixPath

Entry = tuple[str, str, str]
"""As PyInstaller lists a file: its name in the bundle, where it comes from, and a word for its kind."""

UNUSED_QT = (
    # Reached through modules that nothing here imports.
    "Qt/qml/",
    "Qt/translations/",
    "translations/",
    "QtDBus.",
    # Plugins for screens without a desktop, VNC, OpenGL, and files that are never read.
    "plugins/designer/",
    "plugins/egldeviceintegrations/",
    "plugins/generic/",
    "plugins/iconengines/",
    "plugins/imageformats/",
    "plugins/networkinformation/",
    "plugins/platforms/libqeglfs",
    "plugins/platforms/libqlinuxfb",
    "plugins/platforms/libqminimal",
    "plugins/platforms/libqvkkhrdisplay",
    "plugins/platforms/libqvnc",
    "plugins/platforms/libqwayland-egl",
    "plugins/platforms/qdirect2d",
    "plugins/platforms/qminimal",
    "plugins/platforminputcontexts/libqtvirtualkeyboard",
    "plugins/platforminputcontexts/qtvirtualkeyboard",
    "plugins/platformthemes/",
    "plugins/qmllint/",
    "plugins/qmltooling/",
    "plugins/sqldrivers/",
    "plugins/tls/",
    "plugins/vectorimageformats/",
    "plugins/wayland-graphics-integration-client/",
    "plugins/wayland-graphics-integration-server/",
    "plugins/wayland-shell-integration/libfullscreen",
    "plugins/wayland-shell-integration/libivi",
    "plugins/wayland-shell-integration/libqt-shell",
    "plugins/wayland-shell-integration/libwl-shell",
    "plugins/xcbglintegrations/",
    "opengl32sw.dll",
)
"""Beginnings of paths below PySide6, or below its folder Qt."""

UNUSED_PICTURES = (
    "_avif",
    "_webp",
    "_imagingcms",
    "_imagingft",
    "_imagingmath",
    "_imagingmorph",
    "_imagingtk",
)
"""Parts of Pillow; reportlab imports the library, but no picture is ever read."""

ALWAYS = ("libpython", "python3", "vcruntime", "msvcp", "ucrtbase", "api-ms-")
"""Libraries that the starter itself loads."""


LINKED = ("BINARY", "EXTENSION")
"""Kinds of files that are linked with others."""


def trim(entries: Iterable[Entry], needs: Callable[[str], Iterable[str]]) -> list[Entry]:
    """The entries without unused plugins and without libraries that nothing of the rest needs.

    `needs` gives the names of the libraries that the file at a path is linked with.
    """
    kept = [entry for entry in entries if not is_unused(entry[0])]
    candidates = {_name(entry[0]).lower(): entry for entry in kept if is_shared_library(entry)}
    reached: set[str] = set()
    waiting = [entry for entry in kept if not is_shared_library(entry)]
    while waiting:
        _, source, kind = waiting.pop()
        for need in needs(source) if kind in LINKED else ():
            name = need.lower()
            if name in candidates and name not in reached:
                reached.add(name)
                waiting.append(candidates[name])
    return [entry for entry in kept if not is_shared_library(entry) or _name(entry[0]).lower() in reached]


def is_unused(name: str) -> bool:
    """Whether a file, by its name in the bundle, belongs to a part that nothing here uses."""
    path = name.replace("\\", "/")
    if path.startswith("PIL/"):
        return path.removeprefix("PIL/").startswith(UNUSED_PICTURES)
    if not path.startswith("PySide6/"):
        return False
    below = path.removeprefix("PySide6/")
    return below.startswith(UNUSED_QT) or below.removeprefix("Qt/").startswith(UNUSED_QT)


def is_shared_library(entry: Entry) -> bool:
    """Whether it is only there because something else is linked with it."""
    name, _, kind = entry
    path = PurePosixPath(name.replace("\\", "/"))
    if kind not in LINKED or kind == "EXTENSION" or path.name.lower().startswith(ALWAYS):
        return False
    # What a wheel carries beside its own modules has been chosen by its makers.
    folder = str(path.parent)
    return folder in (".", "PySide6", "PySide6/Qt/lib", "pillow.libs") and _is_library(path.name)


def without_dead_links(entries: Iterable[Entry]) -> Iterator[Entry]:
    """PyInstaller links libraries of wheels at the top as well; a link to what was left out goes too."""
    entries = list(entries)
    names = {name.replace("\\", "/") for name, _, _ in entries}
    for name, source, kind in entries:
        target = str(PurePosixPath(name.replace("\\", "/")).parent / source)
        if kind != "SYMLINK" or target in names:
            yield name, source, kind


def _is_library(name: str) -> bool:
    return ".so" in name or name.lower().endswith((".dll", ".dylib"))


def _name(path: str) -> str:
    return Path(path.replace("\\", "/")).name
