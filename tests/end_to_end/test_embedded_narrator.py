"""The narrator that comes with the program, in the window, with the comic that comes with the program."""

import subprocess
import sys
from pathlib import Path

import pytest

from comicreader.resources import resource_path
from comicreader.services.paths import AppPaths
from trainer.base_weights import default_cache


@pytest.mark.slow
@pytest.mark.skipif(not (default_cache() / "smollm2-135m").exists(), reason="the base weights are not here")
@pytest.mark.skipif(not resource_path("models", "narrator").exists(), reason="there is no embedded narrator")
def test_the_demo_is_told_by_the_embedded_narrator_in_a_process_of_its_own(
    app_paths: AppPaths, repository: Path
) -> None:
    script = repository / "tests" / "fixtures" / "first_caption_of_demo.py"
    done = subprocess.run(
        [sys.executable, str(script), str(app_paths.data)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    caption, source, heavy = done.stdout.splitlines()[-3:]
    assert len(caption.split()) >= 3
    assert caption[-1] in '.!?…"”'
    assert source.startswith("model:")
    assert heavy == "loaded: none"
