"""Transactions on the library's file: one thread at a time, all or nothing, safe beside other processes."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime

from comicreader.domain.errors import LibraryError


class Transactions:
    """The open file, shared by all that read and write it. Everything raises LibraryError when it cannot be used."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._one_at_a_time = threading.Lock()
        self._is_closed = False

    def close(self) -> None:
        """Close the file; later transactions raise LibraryError."""
        with self._one_at_a_time:
            self._is_closed = True
            self._connection.close()

    def reading(self) -> AbstractContextManager[sqlite3.Connection]:
        """A view of one moment."""
        return self._transaction("BEGIN")

    def writing(self) -> AbstractContextManager[sqlite3.Connection]:
        """All or nothing; other processes wait their turn."""
        return self._transaction("BEGIN IMMEDIATE")

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        """One thread at a time."""
        with self._one_at_a_time:
            if self._is_closed:
                raise LibraryError("The library is closed.")
            try:
                self._connection.execute(begin)
                yield self._connection
                self._connection.execute("COMMIT")
            except sqlite3.Error as error:
                raise LibraryError(f"The library cannot be used: {error}.") from error
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")


def now() -> str:
    """The moment, UTC, as the library writes it."""
    return datetime.now(UTC).isoformat()
