"""Finds panels on thousands of odd pictures; prints what went wrong.

python tests/bench/panel_fuzz.py [COUNT] [FIRST_SEED]
"""

from __future__ import annotations

import sys
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from comicreader.domain.book import Direction
from comicreader.domain.page_image import decode_picture
from tests.domain.test_panel_fuzz import assert_valid_panels
from tests.fixtures.odd_pictures import odd_picture


def main() -> int:
    """The number of pictures that went wrong."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    wrong, began = 0, time.monotonic()
    for seed in range(first, first + count):
        decoded = decode_picture(odd_picture(seed), "odd", max_side_px=1440)
        try:
            assert_valid_panels(decoded.pixels, decoded.width, decoded.height, list(Direction)[seed % 2])
        except Exception:  # noqa: BLE001 - every kind of failure is what is looked for
            wrong += 1
            print(f"seed {seed}, {decoded.width} x {decoded.height}:")
            traceback.print_exc()
    print(f"{count} pictures in {time.monotonic() - began:.0f} s, {wrong} wrong")
    return min(wrong, 1)


if __name__ == "__main__":
    sys.exit(main())
