"""Questions at a terminal: a default in brackets, “<” to go back, and no answer that is lost by a mistake."""

import getpass
from collections.abc import Callable, Sequence

BACK = "<"
_TYPED_TWICE = "The two passwords differ. Type them again."


class WentBack(Exception):  # noqa: N818 - a wish of the person, no error
    """The person wants the question before this one again."""


class Terminal:
    """Asks by `input` and `getpass`, so that any terminal will do; EOFError and KeyboardInterrupt pass."""

    def __init__(
        self,
        *,
        read: Callable[[str], str] = input,
        read_hidden: Callable[[str], str] = getpass.getpass,
        write: Callable[[str], object] = print,
    ) -> None:
        self._read = read
        self._read_hidden = read_hidden
        self._write = write

    def say(self, text: str = "") -> None:
        """Prints a line."""
        self._write(text)

    def ask(self, question: str, *, default: str = "", wrong: Callable[[str], str] = lambda _: "") -> str:
        """What was typed, or the default for Enter; asked again as long as `wrong` has a sentence for it."""
        shown = f" [{default}]" if default else ""
        while True:
            typed = self._read(f"{question}{shown}: ").strip()
            if typed == BACK:
                raise WentBack
            answer = typed or default
            sentence = wrong(answer)
            if not sentence:
                return answer
            self.say(f"  {sentence}")

    def choose(self, question: str, offered: Sequence[str], *, default: int = 0) -> int:
        """The place of the chosen line; a number or the beginning of its words will do."""
        for number, words in enumerate(offered, 1):
            self.say(f"  {number}  {words}")
        while True:
            typed = self.ask(question, default=str(default + 1))
            place = _place_of(typed, offered)
            if place is not None:
                return place
            self.say(f"  Type a number from 1 to {len(offered)}.")

    def agrees(self, question: str, *, default: bool) -> bool:
        """Yes or no."""
        while True:
            typed = self.ask(f"{question} (yes or no)", default="yes" if default else "no").lower()
            if typed in {"y", "yes"}:
                return True
            if typed in {"n", "no"}:
                return False
            self.say("  Type yes or no.")

    def password(self, question: str, *, wrong: Callable[[str], str]) -> str:
        """Typed twice without being shown; empty where one shall be generated."""
        while True:
            typed = self._hidden(f"{question} (empty: generate one): ")
            if not typed:
                return ""
            if sentence := wrong(typed):
                self.say(f"  {sentence}")
            elif self._hidden("Once more: ") == typed:
                return typed
            else:
                self.say(f"  {_TYPED_TWICE}")

    def _hidden(self, question: str) -> str:
        typed = self._read_hidden(question)
        if typed.strip() == BACK:
            raise WentBack
        return typed


def _place_of(typed: str, offered: Sequence[str]) -> int | None:
    if typed.isdecimal():
        return int(typed) - 1 if 1 <= int(typed) <= len(offered) else None
    fitting = [place for place, words in enumerate(offered) if words.lower().startswith(typed.lower())]
    return fitting[0] if len(fitting) == 1 else None
