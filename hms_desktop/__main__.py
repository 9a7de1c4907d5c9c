"""The command line of the workstation's program."""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from hms_desktop.connection.keychain import system_keychain
from hms_desktop.connection.pairings import Pairings, PairingsError, default_folder
from hms_desktop.demo_sign_in import read_demo
from hms_desktop.identity_file import IdentityFile
from hms_desktop.steady import keep_steady
from hms_desktop.updates.installation import this_installation
from hms_server.contract.build import ShowBuild
from hms_server.contract.updates import trusted_keys

PASSWORD_VARIABLE = "HMS_DESKTOP_PASSWORD"  # noqa: S105 - the name of a variable, not a password


def main(arguments: Sequence[str] | None = None) -> int:
    """Opens the window and returns when it is closed; a trouble at the start ends with one sentence."""
    options = build_parser().parse_args(arguments)
    try:
        if options.install_into is not None or options.install_update is not None:
            return _install(options)
        return _run(options) if options.set_up_server is None else _set_up_server(options)
    except (PairingsError, OSError, msgspec.DecodeError) as trouble:
        print(trouble, file=sys.stderr)
        return 1


def build_parser() -> argparse.ArgumentParser:
    """All arguments with their help."""
    parser = argparse.ArgumentParser(prog="hms-desktop", description=__doc__)
    parser.add_argument("--version", action=ShowBuild)
    parser.add_argument("--server", default="", metavar="HOST:PORT", help="reach the server at this address")
    parser.add_argument("--display", action="store_true", help="run as the screen of a waiting room")
    parser.add_argument("--identity", type=Path, metavar="FILE", help="keep the pairing in this file")
    parser.add_argument("--folder", type=Path, default=default_folder(), help="the program's own folder")
    parser.add_argument(
        "--user",
        default="",
        metavar="NAME",
        help=f"sign in with ${PASSWORD_VARIABLE} as password",
    )
    # What polkit lets anybody do with the second of these must never begin another one as root.
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument(
        "--install-into",
        type=Path,
        metavar="FOLDER",
        help="copy this bundle there, in a way in which it updates itself, and end",
    )
    instead.add_argument(
        "--install-update",
        type=Path,
        metavar="FILE",
        help="install a signed Debian package in the place of this one, as root, and end",
    )
    instead.add_argument(
        "--set-up-server",
        nargs="?",
        const="",
        metavar="PROGRAM",
        help="set the clinic's server up on this machine, with hms-server where it is found or at this path",
    )
    parser.add_argument("--server-data-dir", default="", metavar="FOLDER", help="the folder to set up there")
    parser.add_argument("--demo-sign-in", type=Path, metavar="FILE", help="sign in the people of a demo")
    return parser


def _install(options: argparse.Namespace) -> int:
    from hms_desktop.updates.applying import install_bundle  # noqa: PLC0415 - rarely asked for
    from hms_desktop.updates.packaged import install_package  # noqa: PLC0415 - as above
    from hms_desktop.updates.trusted import UpdateRefused  # noqa: PLC0415 - as above

    mine = this_installation()
    try:
        if options.install_update is not None:
            print(install_package(options.install_update, mine, trusted_keys()).version)
        else:
            print(install_bundle(options.install_into, mine))
    except (UpdateRefused, ValueError) as trouble:
        print(trouble, file=sys.stderr)
        return 1
    return 0


def _set_up_server(options: argparse.Namespace) -> int:
    from PySide6.QtWidgets import QApplication  # noqa: PLC0415 - see `_run`

    from hms_desktop.look import load_look  # noqa: PLC0415 - as above
    from hms_desktop.server_setup.start import Assistant  # noqa: PLC0415 - rarely asked for
    from hms_desktop.shell.main_window import MainWindow  # noqa: PLC0415 - as above
    from hms_desktop.widgets.style import apply_style  # noqa: PLC0415 - as above

    keep_steady()
    application = QApplication(sys.argv[:1])
    application.setApplicationName("hms-desktop")
    window = MainWindow("Set up the clinic's server")
    apply_style(application, load_look(options.folder).tokens(), window=window)
    assistant = Assistant(window, data_dir=options.server_data_dir)
    assistant.closed.connect(application.quit)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    assistant.start(Path(options.set_up_server) if options.set_up_server else None)
    code = application.exec()
    assistant.close()
    return code


def _run(options: argparse.Namespace) -> int:
    # Help and a damaged file need no windows.
    from PySide6.QtWidgets import QApplication  # noqa: PLC0415 - see above

    from hms_desktop.app import App  # noqa: PLC0415 - as above
    from hms_desktop.connection.remembered import remembered_client  # noqa: PLC0415 - as above
    from hms_desktop.options import Options  # noqa: PLC0415 - as above
    from hms_desktop.updates.applying import end  # noqa: PLC0415 - as above
    from hms_desktop.updates.attending import UpdateOptions  # noqa: PLC0415 - as above

    keep_steady()
    demo = read_demo(options.demo_sign_in) if options.demo_sign_in else None
    pairings = (
        IdentityFile(options.identity)
        if options.identity
        else Pairings(options.folder, keychain=system_keychain())
    )
    installation = this_installation()
    application = QApplication(sys.argv[:1])
    application.setApplicationName("hms-desktop")
    app = App(
        application,
        Options(
            folder=options.folder,
            pairings=pairings,
            unattended=None if options.identity else Pairings(options.folder, keychain=None),
            server=options.server,
            is_display=options.display,
            user_name=options.user,
            password=os.environ.get(PASSWORD_VARIABLE, ""),
            demo=demo,
            connect=lambda pairing: remembered_client(pairing, pairings),
            updates=UpdateOptions(folder=options.folder, installation=installation) if demo is None else None,
        ),
    )
    # Qt's loop would not notice a Ctrl+C of the terminal.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    app.start()
    code = application.exec()
    app.close()
    return end(code, installation=installation)


if __name__ == "__main__":
    sys.exit(main())
