"""A data set as one file that moves to another computer, and its way in there.

The archive holds what `dataset_export` writes and nothing else; what it holds besides is refused, not unpacked.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from comicreader.domain.errors import ExchangeError
from comicreader.services.dataset_export import JUDGEMENTS, PREFERENCES, BuiltDataset, build_dataset
from comicreader.services.library import Library
from comicreader.services.whole_file import whole_folder
from trainer.dataset import RECORDS, DatasetError, load_records

_MEMBER = re.compile(rf"(?:{RECORDS}|{PREFERENCES}|{JUDGEMENTS}|images/[\w-]+\.(?:jpg|jpeg|png|webp))", re.ASCII)
_MOST_BYTES = 8 << 30
_MOST_MEMBER_BYTES = 256 << 20


def pack(folder: Path, file: Path) -> None:
    """Put a data set into a ZIP file; pictures are stored as they are.

    Raises:
        ExchangeError: the file cannot be written.
    """
    part = file.with_name(f".{file.name}.part")
    try:
        with zipfile.ZipFile(part, "w") as archive:
            for path in sorted(path for path in folder.rglob("*") if path.is_file()):
                how = zipfile.ZIP_DEFLATED if path.suffix == ".jsonl" else zipfile.ZIP_STORED
                archive.write(path, path.relative_to(folder).as_posix(), how)
        part.replace(file)
    except OSError as error:
        raise ExchangeError(f"{file} cannot be written: {error.strerror or error}.") from error
    finally:
        part.unlink(missing_ok=True)


def export_dataset(
    library: Library, file: Path, on_progress: Callable[[int, int], None] = lambda _done, _count: None
) -> BuiltDataset:
    """Build a data set of everything the person wrote and put it into a ZIP file.

    Raises:
        ExchangeError: as for `build_dataset`, or the file cannot be written.
        LibraryError: the library cannot be read.
    """
    with tempfile.TemporaryDirectory() as scratch:
        built = build_dataset(library, Path(scratch) / "captions", on_progress)
        pack(built.folder, file)
    return built


def take_in(source: Path, datasets: Path) -> tuple[Path, int]:
    """Copy a data set, a folder or what `pack` made, under the folder of data sets.

    Returns:
        Its folder, and the number of usable records.

    Raises:
        ExchangeError: it is no data set, one of that name is there already, or it cannot be written.
    """
    target = datasets / source.name.removesuffix(".zip")
    try:
        datasets.mkdir(parents=True, exist_ok=True)
        with whole_folder(target) as part:
            if source.is_dir():
                _copy(source, part)
            else:
                _unpack(source, part)
            return target, len(load_records(part)[0])
    except FileExistsError as error:
        raise ExchangeError(f"There is a data set “{target.name}” already; rename one of the two.") from error
    except DatasetError as error:
        raise ExchangeError(f"{source.name} is no data set: {error}") from error
    except OSError as error:
        raise ExchangeError(f"{source} cannot be taken in: {error.strerror or error}.") from error


def _copy(source: Path, folder: Path) -> None:
    for path in sorted(path for path in source.rglob("*") if path.is_file()):
        name = path.relative_to(source)
        if _MEMBER.fullmatch(name.as_posix()):
            (folder / name).parent.mkdir(exist_ok=True)
            shutil.copyfile(path, folder / name)


def _unpack(file: Path, folder: Path) -> None:
    try:
        with zipfile.ZipFile(file) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            strange = next((member.filename for member in members if not _MEMBER.fullmatch(member.filename)), None)
            if strange is not None:
                raise ExchangeError(f"{file.name} holds “{strange}”, which belongs to no data set.")
            sizes = [member.file_size for member in members]
            if sum(sizes) > _MOST_BYTES or max(sizes, default=0) > _MOST_MEMBER_BYTES:
                raise ExchangeError(f"{file.name} is larger than any data set of captions.")
            for member in members:
                path = folder / member.filename
                path.parent.mkdir(exist_ok=True)
                with archive.open(member) as stream, path.open("wb") as out:
                    shutil.copyfileobj(stream, out)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise ExchangeError(f"{file.name} is damaged or no ZIP file ({error}).") from error
