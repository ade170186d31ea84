"""Pages that lie on disk as files: a folder with its subfolders, or one picture."""

from __future__ import annotations

import os
from pathlib import Path

from comicreader.domain.container import Member, check_member_count, printable, read_capped, reason
from comicreader.domain.errors import PageError
from comicreader.domain.file_kinds import PICTURE_HEAD_BYTES
from comicreader.domain.page_members import is_junk


class FolderContainer:
    """The files of a folder and its subfolders; links are neither listed nor followed.

    A folder may have been unpacked from an archive that nobody trusts, and a link in it may point anywhere.
    Hidden folders are not entered: they hold thumbnails and version histories.
    """

    def __init__(self, folder: Path) -> None:
        self._paths: list[str] = []
        self._folder = folder
        self.members: tuple[Member, ...] = ()
        self.warnings: tuple[str, ...] = ()
        self._list()

    def read(self, member: Member) -> bytes:
        """All bytes of a file; see `Container.read`."""
        return _read_file(self._paths[member.key], member.name)

    def read_head(self, member: Member) -> bytes:
        """The first bytes of a file; see `Container.read_head`."""
        return _read_file_head(self._paths[member.key], member.name)

    def close(self) -> None:
        """Nothing is held open."""

    def _list(self) -> None:
        members: list[Member] = []
        warnings: list[str] = []
        unvisited = [("", str(self._folder))]
        while unvisited:
            prefix, folder = unvisited.pop()
            try:
                entries = list(os.scandir(folder))
            except OSError as error:
                warnings.append(f"The folder {prefix or self._folder.name} cannot be read ({error.strerror}).")
                continue
            for entry in entries:
                name = prefix + entry.name
                if entry.is_dir(follow_symlinks=False) and not is_junk(name):
                    unvisited.append((f"{name}/", entry.path))
                elif entry.is_file(follow_symlinks=False):
                    size = entry.stat(follow_symlinks=False).st_size
                    members.append(Member(printable(name), size, len(self._paths), size))
                    self._paths.append(entry.path)
            check_member_count(len(members), self._folder.name)
        self.members, self.warnings = tuple(members), tuple(warnings)


class SinglePicture:
    """One picture as a book of one page."""

    warnings: tuple[str, ...] = ()

    def __init__(self, path: Path) -> None:
        size = path.stat().st_size
        self._path = str(path)
        self.members: tuple[Member, ...] = (Member(printable(path.name), size, 0, size),)

    def read(self, member: Member) -> bytes:
        """All bytes of the picture; see `Container.read`."""
        return _read_file(self._path, member.name)

    def read_head(self, member: Member) -> bytes:
        """The first bytes of the picture; see `Container.read_head`."""
        return _read_file_head(self._path, member.name)

    def close(self) -> None:
        """Nothing is held open."""


def _read_file(path: str, name: str) -> bytes:
    try:
        with Path(path).open("rb") as stream:
            return read_capped(stream, name)
    except OSError as error:
        raise PageError(f"{name} cannot be read ({reason(error)}).") from error


def _read_file_head(path: str, name: str) -> bytes:
    try:
        with Path(path).open("rb") as stream:
            return stream.read(PICTURE_HEAD_BYTES)
    except OSError as error:
        raise PageError(f"{name} cannot be read ({reason(error)}).") from error
