"""What a person thinks of training runs and their narrators: choices between two, and notes."""

from __future__ import annotations

from dataclasses import dataclass

from comicreader.services.library_transactions import Transactions, now

FIRST, SECOND, SAME = "first", "second", "same"
"""Which of two captions a person likes better."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A person's choice between two narrators' captions of one panel, made without knowing whose is whose.

    Attributes:
        first_model: one narrator.
        second_model: the other.
        picture: the panel's id in its data set.
        first_text: the one's caption.
        second_text: the other's.
        chosen: FIRST, SECOND or SAME.
    """

    first_model: str
    second_model: str
    picture: str
    first_text: str
    second_text: str
    chosen: str


@dataclass(frozen=True, slots=True)
class Tally:
    """How often each was chosen."""

    first: int = 0
    second: int = 0
    same: int = 0


class LibraryRuns:
    """The part of the library that is about training. All methods raise LibraryError."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def add_choice(self, choice: Choice) -> None:
        """Keep a choice for good."""
        with self._transactions.writing() as connection:
            connection.execute(
                """INSERT INTO choices
                    (first_model, second_model, picture, first_text, second_text, chosen, made_at)
                    VALUES (?, ?, ?, ?, ?, ?, ?)""",
                (
                    choice.first_model,
                    choice.second_model,
                    choice.picture,
                    choice.first_text,
                    choice.second_text,
                    choice.chosen,
                    now(),
                ),
            )

    def tally(self, first_model: str, second_model: str) -> Tally:
        """How a person chose between two narrators, the newest choice for each panel's two captions."""
        with self._transactions.reading() as connection:
            rows = connection.execute(
                """SELECT chosen FROM choices WHERE choice_id IN (
                        SELECT max(choice_id) FROM choices WHERE first_model = ? AND second_model = ?
                        GROUP BY picture, first_text, second_text)""",
                (first_model, second_model),
            ).fetchall()
        chosen = [row[0] for row in rows]
        return Tally(chosen.count(FIRST), chosen.count(SECOND), chosen.count(SAME))

    def set_note(self, run: str, note: str) -> None:
        """Write a note on a run, named by its folder; an empty one takes it away."""
        with self._transactions.writing() as connection:
            if note:
                connection.execute("INSERT OR REPLACE INTO run_notes VALUES (?, ?)", (run, note))
            else:
                connection.execute("DELETE FROM run_notes WHERE run = ?", (run,))

    def notes(self) -> dict[str, str]:
        """The notes by the runs' folders."""
        with self._transactions.reading() as connection:
            return dict(connection.execute("SELECT run, note FROM run_notes").fetchall())
