"""README's list of files is the files."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_every_module_is_in_the_list_of_files_and_no_other() -> None:
    listed = re.search(r"### Files\n\n```\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert listed
    found, folder = set(), ""
    for line in listed[1].splitlines():
        name = line.split()[0]
        if line.startswith("    "):
            found.add(folder + name)
        else:
            folder = name
    modules = {
        str(path.relative_to(ROOT))
        for package in ("comicreader", "trainer")
        for path in (ROOT / package).rglob("*.py")
        if path.name != "__init__.py"
    }
    assert found == modules
