from pathlib import Path

import pytest

from trainer.run_dir import DiskError, RunDir, RunDirError


def save(run: RunDir, step: int, is_best: bool) -> Path:
    def write(folder: Path) -> None:
        (folder / "model" / "weights").write_text(str(step))

    return run.save_checkpoint(step, is_best, write)


def test_the_best_and_the_newest_checkpoints_are_kept(tmp_path: Path) -> None:
    run = RunDir.create(tmp_path / "run")
    assert run.best_model() is None
    for step, is_best in ((100, False), (200, True), (300, False), (400, False), (500, False)):
        save(run, step, is_best)
    assert sorted(p.name for p in (run.path / "checkpoints").iterdir()) == ["step_000200", "step_000400", "step_000500"]
    best = run.best_model()
    assert best is not None
    assert (best / "weights").read_text() == "200"


def test_a_checkpoint_that_fails_half_way_leaves_the_last_one_whole(tmp_path: Path) -> None:
    run = RunDir.create(tmp_path / "run")
    save(run, 100, True)

    def break_down(folder: Path) -> None:
        (folder / "model" / "weights").write_text("half")
        raise OSError("no space left on device")

    with pytest.raises(DiskError, match="checkpoint of step 200 cannot be written: no space"):
        run.save_checkpoint(200, True, break_down)
    best = run.best_model()
    assert best is not None
    assert (best / "weights").read_text() == "100"
    assert not (run.path / "checkpoints" / "step_000200").exists()


def test_a_run_never_overwrites_another(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("kept")
    with pytest.raises(RunDirError, match="not empty"):
        RunDir.create(tmp_path)
    assert (tmp_path / "precious").read_text() == "kept"
