"""A Debian in a folder, whose service is started as systemd would start it; nothing in it outlives a test."""

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Self

LONGEST_S = 600
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
DATA = "var/lib/hms-server"
UNIT = "lib/systemd/system/hms-server.service"
NOTIFY = "/run/hms-notify"
WATCHDOG_US = 4_000_000


class Tree:
    """`root` is the folder; nothing in it runs longer than the test."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def run(
        self,
        *command: str,
        check: bool = True,
        text_in: str = "",
        environment: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """One command in the tree, as root, with standard output and error together."""
        done = subprocess.run(
            ["chroot", self.root, *command],
            input=text_in,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=LONGEST_S,
            env={"PATH": PATH, "HOME": "/root", "DEBIAN_FRONTEND": "noninteractive", **(environment or {})},
        )
        if check:
            assert done.returncode == 0, done.stdout
        return done

    def says(self, *command: str) -> str:
        return self.run(*command).stdout

    def bring(self, package: Path) -> str:
        """Copies it in; its path there."""
        shutil.copy(package, self.root / "root")
        return f"/root/{package.name}"

    def upgrade(self, package: Path, *, check: bool = True) -> subprocess.CompletedProcess[str]:
        return self.run("dpkg", "--install", self.bring(package), check=check)

    def version_of(self, name: str) -> str:
        return self.says("dpkg-query", "--show", "--showformat=${db:Status-Abbrev} ${Version}", name)

    def unit(self) -> dict[str, str]:
        """The settings of the unit; where one stands twice, the last."""
        text = (self.root / UNIT).read_text()
        return dict(re.findall(r"^([A-Za-z]+)=(.*)$", text, re.MULTILINE))

    @contextmanager
    def serving(self) -> Iterator["Service"]:
        """The unit's own command; ended by the signal of systemd when the block is left."""
        with Service(self) as service:
            service.hear("STATUS=serving at")
            yield service


class Service:
    """The command of the unit, as its user, with its rights, and with somebody who listens to it."""

    def __init__(self, tree: Tree) -> None:
        self._manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        place = tree.root / NOTIFY.lstrip("/")
        place.unlink(missing_ok=True)
        self._manager.bind(str(place))
        place.chmod(0o777)
        self._manager.settimeout(LONGEST_S)
        self._log = (tree.root / "var/log/service").open("a+")
        unit = tree.unit()
        program, *arguments = unit["ExecStart"].split()
        words = [word for word in arguments if word != "$HMS_RUN_OPTIONS"]
        rights = (f"--reuid={unit['User']}", f"--regid={unit['Group']}", "--init-groups")
        fence = ("--no-new-privs", "--bounding-set=-all", "--inh-caps=-all")
        self.process = subprocess.Popen(
            ["chroot", tree.root, "setpriv", *rights, *fence, program, *words],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            env={"PATH": PATH, "NOTIFY_SOCKET": NOTIFY, "WATCHDOG_USEC": str(WATCHDOG_US)},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, failure: object, *_: object) -> None:
        if failure is not None:
            print(self.log[-8000:])
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(LONGEST_S)
        self._manager.close()
        self._log.close()

    def hear(self, words: str) -> str:
        """The first message with these words in it."""
        give_up_s = time.monotonic() + LONGEST_S
        while words not in (message := self._manager.recv(4096).decode()):
            assert self.process.poll() is None, self.log
            assert time.monotonic() < give_up_s, self.log
        return message

    def kill(self) -> None:
        """As a power cut does."""
        self.process.kill()
        self.process.wait(LONGEST_S)

    @property
    def log(self) -> str:
        return Path(self._log.name).read_text()


def repacked(package: Path, folder: Path, *, version: str, program: str | None = None) -> Path:
    """The same package under another version; `program` is a script in the place of the server's own."""
    tree = folder / version
    subprocess.run(["dpkg-deb", "--raw-extract", package, tree], check=True, timeout=LONGEST_S)
    for name in ("control", "postinst"):
        path = tree / "DEBIAN" / name
        text = re.sub(r"^(Version: |version=).*$", rf"\g<1>{version}", path.read_text(), flags=re.MULTILINE)
        path.write_text(text)
    if program is not None:
        real = tree / "usr/lib/hms-server/hms-server"
        real.rename(real.with_name("hms-server.real"))
        real.write_text(program)
        real.chmod(0o755)
    target = folder / package.name.replace("_", f"_{version}_", 1)
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", "-Znone", "--build", tree, target],
        check=True,
        timeout=LONGEST_S,
        stdout=subprocess.DEVNULL,
        env=os.environ | {"LC_ALL": "C"},
    )
    shutil.rmtree(tree)
    return target
