"""Errors that carry one sentence for the person who reads.

Every error that can follow from bad input is a child of `ComicReaderError`; presenters and the command
line show its sentence and go on. Anything else is a bug and goes to the one excepthook.
"""


class ComicReaderError(Exception):
    """An expected failure.

    Attributes:
        sentence: one clear sentence for the person: what is wrong and, where there is one, the way out.
    """

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class BookError(ComicReaderError):
    """A file or folder cannot be opened as a book."""


class PasswordRequiredError(BookError):
    """The book is encrypted and the password is missing or wrong."""


class PageError(ComicReaderError):
    """One page cannot be read or decoded; the other pages still can."""


class PanelEditError(ComicReaderError):
    """A panel cannot be drawn, cut or merged as the person asked."""


class NarratorError(ComicReaderError):
    """The narrator's process could not start, died, or refused a request."""


class LibraryError(ComicReaderError):
    """The library (SQLite) cannot be opened or written."""


class SettingsError(ComicReaderError):
    """A setting is outside its limits."""


class ExchangeError(ComicReaderError):
    """A file of panels and texts is none, belongs to another book, or cannot be written."""


class TrainingError(ComicReaderError):
    """A training cannot be started, gone on with or deleted."""
