"""Somebody at a terminal, whose answers are known beforehand."""

from collections.abc import Callable, Iterator

from hms_server.setup.terminal import Terminal

Answer = str | Callable[[str], str]


class Talk:
    """Gives the answers one after the other; one may be worked out from all that was shown so far."""

    def __init__(self, *answers: Answer) -> None:
        self._answers: Iterator[Answer] = iter(answers)
        self.shown = ""
        self.terminal = Terminal(read=self._read, read_hidden=self._read, write=self._write)

    def left(self) -> int:
        """How many answers nobody has asked for."""
        return len(list(self._answers))

    def _read(self, question: str) -> str:
        self.shown += question
        try:
            answer = next(self._answers)
        except StopIteration:
            raise EOFError from None
        typed = answer if isinstance(answer, str) else answer(self.shown)
        self.shown += f"{typed}\n"
        return typed

    def _write(self, text: str) -> None:
        self.shown += f"{text}\n"


def group_asked(shown: str) -> str:
    """The group of the recovery key that was asked for last, read from the screen."""
    key = next(
        line.strip()
        for line in reversed(shown.splitlines())
        if line.count("-") == 5 and len(line.strip()) == 35
    )
    number = int(shown.rpartition("Group ")[2].split()[0])
    return key.split("-")[number - 1]
