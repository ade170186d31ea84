"""How far a long command is, on stderr: a bar in a terminal, plain lines anywhere else."""

from __future__ import annotations

from typing import TextIO

_BAR_CELLS = 24
_CLEAR_LINE = "\r\x1b[K"


class Progress:
    """Counts steps and says what is being done."""

    def __init__(self, stream: TextIO, total: int) -> None:
        """Begin at nothing done.

        Args:
            stream: where to write, usually stderr.
            total: steps in all.
        """
        self._stream = stream
        self._total = total
        self._done = 0
        self._said = ""
        self._is_terminal = stream.isatty()

    def step(self) -> None:
        """One more step is done."""
        self._done += 1

    def say(self, text: str, done_frac: float | None = None) -> None:
        """Show what is being done now.

        Args:
            text: a few words.
            done_frac: how far that is, 0 to 1, where it is known; shown in a terminal only.
        """
        if self._is_terminal:
            cells = _BAR_CELLS * self._done // self._total
            share = "" if done_frac is None else f" {done_frac:.0%}"
            bar = "#" * cells + "." * (_BAR_CELLS - cells)
            self._stream.write(f"{_CLEAR_LINE}[{bar}] {self._done}/{self._total} {text}{share}")
        elif text != self._said:
            self._stream.write(f"[{self._done}/{self._total}] {text}\n")
        self._said = text
        self._stream.flush()

    def clear(self) -> None:
        """Make room for other output in the same terminal."""
        if self._is_terminal:
            self._stream.write(_CLEAR_LINE)
            self._stream.flush()
