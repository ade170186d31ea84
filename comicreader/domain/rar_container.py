"""RAR archives (CBR), versions 3 and 5, through rarfile.

Headers and stored members are read by rarfile itself; compressed or encrypted ones by a tool that must be
installed. rarfile hands the tool a copy of the one packed member in a temporary file and reads the unpacked
bytes from a pipe, so that neither names nor unpacked members reach the disk.
"""

from __future__ import annotations

import struct
import threading
from pathlib import Path

import rarfile

from comicreader.domain.container import (
    MAX_MEMBER_BYTES,
    Member,
    WrongPasswordError,
    check_member_count,
    read_capped,
    reason,
    too_large,
)
from comicreader.domain.errors import BookError, PageError, PasswordRequiredError
from comicreader.domain.file_kinds import PICTURE_HEAD_BYTES

# What rarfile lets out for damaged archives.
_RAR_ERRORS = (rarfile.Error, struct.error, OSError, EOFError, ValueError, LookupError, TypeError)

_INSTALL = "unpacking RAR needs a program that is not installed: install the package unar (Debian: apt install unar)"


class RarContainer:
    """An archive's files; links are left out."""

    def __init__(self, path: Path, password: str | None) -> None:
        self._lock = threading.Lock()  # rarfile's parser keeps state between reads
        self._archive = _open_archive(path, password)
        self._infos = [info for info in self._archive.infolist() if info.is_file()]
        check_member_count(len(self._infos), path.name)
        self.members = self._list()
        warnings: list[str] = []
        if self._archive.strerror() or self._is_cut_off(path.stat().st_size):
            warnings.append(f"{path.name} is damaged or incomplete; the pages that can still be found are shown.")
        if any(_needs_tool(info) for info in self._infos) and not _has_tool():
            if all(_needs_tool(info) for info in self._infos):
                raise BookError(f"{path.name} cannot be opened, because {_INSTALL}.")
            warnings.append(f"Some pages of {path.name} cannot be shown, because {_INSTALL}.")
        self.warnings = tuple(warnings)

    def read(self, member: Member) -> bytes:
        """All bytes of a member, their checksum verified; see `Container.read`."""
        if member.size_bytes > MAX_MEMBER_BYTES:
            raise too_large(member.name)
        return self._read(member, None)

    def read_head(self, member: Member) -> bytes:
        """The first bytes of a member; see `Container.read_head`."""
        return self._read(member, PICTURE_HEAD_BYTES)

    def close(self) -> None:
        """Nothing is held open; rarfile opens the archive anew for each member."""
        self._archive.close()

    def _list(self) -> tuple[Member, ...]:
        is_solid = bool(self._archive.is_solid())
        members: list[Member] = []
        reach = 0
        for key, info in enumerate(self._infos):
            size = int(info.file_size or 0)
            reach = reach + size if is_solid else size
            members.append(Member(info.filename, size, key, reach, bool(info.needs_password())))
        return tuple(members)

    def _is_cut_off(self, file_size: int) -> bool:
        """Whether a member's data should go on beyond the end of an archive that is one file."""
        if len(self._archive.volumelist()) > 1:
            return False
        return any(info.header_offset + info.compress_size > file_size for info in self._infos)

    def _read(self, member: Member, size: int | None) -> bytes:
        try:
            with self._lock, self._archive.open(self._infos[member.key]) as stream:
                return read_capped(stream, member.name) if size is None else bytes(stream.read(size))
        except rarfile.RarCannotExec as error:
            raise PageError(f"{member.name} cannot be shown, because {_INSTALL}.") from error
        except _RAR_ERRORS as error:
            if member.is_encrypted:
                raise WrongPasswordError(f"{member.name} does not unpack with this password.") from error
            raise PageError(f"{member.name} is damaged in the archive ({reason(error)}).") from error


def _open_archive(path: Path, password: str | None) -> rarfile.RarFile:
    """The archive with its listing parsed, also where that is encrypted."""
    try:
        archive = rarfile.RarFile(str(path))
        is_hidden = archive.needs_password() and not archive.infolist()
        if password is not None:
            archive.setpassword(password)
    except rarfile.NeedFirstVolume as error:
        raise BookError(f"{path.name} is a later part of a RAR in several parts; open the first part.") from error
    except rarfile.NoCrypto as error:
        raise BookError(
            f"{path.name} hides even its list of files behind its password, which cannot be read here; "
            "unpack it with another program and open the folder."
        ) from error
    except rarfile.RarWrongPassword as error:
        raise PasswordRequiredError(f"The password does not open {path.name}.") from error
    except _RAR_ERRORS as error:
        raise BookError(f"{path.name} is damaged and cannot be opened ({reason(error)}).") from error
    if is_hidden and password is None:
        raise PasswordRequiredError(f"{path.name} is protected by a password.")
    if is_hidden and not archive.infolist():
        raise PasswordRequiredError(f"The password does not open {path.name}.")
    return archive


def _needs_tool(info: rarfile.RarInfo) -> bool:
    return bool(info.compress_type != rarfile.RAR_M0 or info.needs_password())


def _has_tool() -> bool:
    try:
        rarfile.tool_setup()
    except rarfile.RarCannotExec:
        return False
    return True
