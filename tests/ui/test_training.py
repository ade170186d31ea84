"""Training from the window: a person corrects captions, trains on them, watches, and reads on with what came out."""

import functools
import os
import sys
from pathlib import Path

import psutil
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QLabel, QLineEdit, QListWidget, QPushButton, QTableWidget, QWidget

from comicreader.services.library import Library
from comicreader.services.paths import AppPaths
from comicreader.services.training_run import RunPhase, RunStatus, is_running
from comicreader.ui.actions import ActionId
from comicreader.ui.comparison_dialog import ComparisonDialog
from comicreader.ui.training_dock import TrainingDock
from tests.fixtures.child_processes import command_line, living_children
from tests.fixtures.live_reader import LiveReader, Program
from trainer.config import SftConfig
from trainer.events import CheckpointSaved, Metrics, RunFinished, RunStarted, encode
from trainer.run_dir import RunDir

pytestmark = [
    pytest.mark.qt_log_ignore("propagateSizeHints"),  # said of every dialog where there is no screen
    pytest.mark.filterwarnings("ignore::DeprecationWarning:pyqtgraph"),
]

_TRAINS_FOR_S = 90.0


@pytest.fixture(scope="module")
def tiny_narrator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "fixtures"))
    import tiny_models

    return tiny_models.tiny_prefix_narrator(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(autouse=True)
def _cache_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is known of pictures is kept in the cache; the base weights, which are large, are the machine's."""
    cache = AppPaths.default().cache
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / cache.name).mkdir()
    (tmp_path / "cache" / cache.name / "base_weights").symlink_to(cache / "base_weights")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def quick(narrator: Path, **changes: object) -> SftConfig:
    return SftConfig(
        model=str(narrator),
        threads=1,
        epochs=1e3,
        evaluate_every=10,
        bf16=False,
        forget_limit=100.0,
        **{"max_steps": 20, "batch_size": 4} | changes,
    )  # type: ignore[arg-type]


async def correct(reader: LiveReader, count: int) -> None:
    """Write a caption for each of the first panels."""
    for number in range(count):
        await reader.until_told()
        await reader.write(f"The kite flies {number} times.")
        reader.press("N")


async def opened_dock(reader: LiveReader) -> TrainingDock:
    reader.window.actions_table[ActionId.TRAIN_NARRATOR].trigger()
    dock = await reader.until(lambda: reader.window.findChild(TrainingDock))
    assert isinstance(dock, TrainingDock)
    return dock


def button(dock: QWidget, text: str) -> QPushButton:
    return next(one for one in dock.findChildren(QPushButton) if one.text() == text and one.isVisibleTo(dock))


def test_a_whole_round_from_corrections_to_another_narrator(
    program: Program, draw_comic, tiny_narrator: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Correct, train, compare, switch, have it told by the new narrator, go back."""
    desktop, noted = tmp_path / "desktop", tmp_path / "noted"
    desktop.mkdir()
    (desktop / "notify-send").write_text(f'#!/bin/sh\necho "$@" > "{noted}"\n')
    (desktop / "notify-send").chmod(0o755)
    monkeypatch.setenv("PATH", str(desktop), prepend=os.pathsep)

    async def scenario(reader: LiveReader) -> None:
        reader.program.settings.change(narrator_model=str(tiny_narrator))  # what it is compared with
        await correct(reader, 6)
        dock = await opened_dock(reader)
        await reader.until(lambda: any(box.currentText() == "My captions (6)" for box in dock.findChildren(QComboBox)))
        reader.program.training.start("sft", quick(tiny_narrator), None)
        runs = dock.findChild(QListWidget)
        await reader.until(lambda: runs.count() == 1 and "finished" in runs.item(0).text(), _TRAINS_FOR_S)
        assert "The training is finished." in reader.message
        await reader.until(lambda: noted.exists() and "The training is finished." in noted.read_text())
        assert [step for step, _ in dock.chart.points["train/loss"]] == [1, 10, 20]
        best = RunDir(next(program.paths.runs.glob("sft*/"))).best_model()

        reader.press_button("Compare")
        dialog = await reader.until(lambda: reader.window.findChild(ComparisonDialog))
        table = dialog.findChild(QTableWidget)
        await reader.until(lambda: "holds out no others" in " ".join(labels(dialog)), _TRAINS_FOR_S)
        captions = [label for label in dialog.findChildren(QLabel) if label.accessibleName().startswith("Caption ")]
        shown = [label.text() for label in captions]
        assert shown[0] != shown[1]
        for _ in range(6):
            dialog.activateWindow()
            QTest.keyClick(dialog, Qt.Key.Key_1)
        await reader.until(table.rowCount)
        assert table.item(0, 0).text() == "Letters and words shared (chrF++)"
        assert float(table.item(0, 2).text()) >= 0
        with Library.open(program.paths.library_file) as library:
            tally = functools.partial(library.runs.tally, str(tiny_narrator), str(best))
            await reader.until(lambda: tally().first + tally().second == 6)
        button(dialog, "Use the new narrator").click()
        await reader.until(lambda: reader.program.settings.settings.narrator_model == str(best))
        await reader.until(lambda: reader.window.findChild(ComparisonDialog) is None)

        await reader.until_told()
        reader.press_button("Back to the one before")
        assert reader.program.settings.settings.narrator_model == str(tiny_narrator)

        runs.setCurrentRow(0)
        reader.program.training.note(best.parents[2], "six kites")
        await reader.until(lambda: "six kites" in runs.item(0).text())
        reader.program.training.export(best.parents[2], tmp_path / "copied")
        await reader.until(lambda: "was copied to" in reader.message)
        assert (tmp_path / "copied" / "narrator.json").is_file()

    program.run(scenario, draw_comic(pages=2, columns=3))


def test_a_training_outlives_the_window_and_is_followed_again(
    program: Program, draw_comic, tiny_narrator: Path
) -> None:
    endless = quick(tiny_narrator, max_steps=1_000_000, batch_size=1)

    async def begin(reader: LiveReader) -> None:
        await correct(reader, 2)
        dock = await opened_dock(reader)
        reader.program.training.start("sft", endless, None)
        await reader.until(lambda: dock.chart.points.get("train/loss"), _TRAINS_FOR_S)

    async def come_back(reader: LiveReader) -> None:
        (run,) = (path for path in program.paths.runs.iterdir() if path.is_dir())
        assert is_running(run)
        dock = await opened_dock(reader)
        await reader.until(lambda: dock.chart.points.get("train/loss"))
        button(dock, "Pause").click()
        await reader.until(lambda: button(dock, "Go on") if not is_running(run) else None, _TRAINS_FOR_S)

    book = draw_comic(pages=2, columns=3)
    try:
        program.run(begin, book)
    finally:
        children = psutil.Process().children()
    try:
        program.run(come_back, book)
    finally:
        for child in children:
            if child.is_running():
                child.kill()


def test_a_narrator_that_forgot_is_not_used_without_saying_so(program: Program, draw_comic) -> None:
    run = RunDir.create(program.paths.runs / "sft forgetful")
    SftConfig(model="embedded", forget_limit=0.1).save(run.config_file)
    checkpoint = run.save_checkpoint(20, True, lambda _folder: None)
    told = (
        RunStarted("sft forgetful", "sft", 20, "CPU"),
        Metrics(20, {"eval/loss": 2.0, "eval/forgotten": 0.4321}),
        CheckpointSaved(20, str(checkpoint), True),
        RunFinished("Trained 20 steps.", str(checkpoint / "model")),
    )
    run.events_file.write_text("".join(encode(event) + "\n" for event in told))

    async def scenario(reader: LiveReader) -> None:
        dock = await opened_dock(reader)
        runs = dock.findChild(QListWidget)
        await reader.until(lambda: runs.count() == 1 and "forgot 0.43" in runs.item(0).text())
        runs.setCurrentRow(0)
        button(dock, "Use as narrator").click()
        dialog = await reader.until_asked()
        assert "0.43 nats a token worse at what it knew before (0.1 were allowed)" in " ".join(labels(dialog))
        button(dialog, "Cancel").click()
        await reader.until_back()
        assert reader.program.settings.settings.narrator_model == "embedded"
        button(dock, "Use as narrator").click()
        button(await reader.until_asked(dialog), "Use it all the same").click()
        await reader.until(lambda: reader.program.settings.settings.narrator_model == str(checkpoint / "model"))

    program.run(scenario, draw_comic(pages=1))


def test_a_run_that_had_too_little_memory_goes_on_in_smaller_portions(
    program: Program, draw_comic, tiny_narrator: Path
) -> None:
    async def scenario(reader: LiveReader) -> None:
        await correct(reader, 2)
        dock = await opened_dock(reader)
        reader.program.training.start("sft", quick(tiny_narrator), None)
        runs = dock.findChild(QListWidget)
        await reader.until(lambda: runs.count() == 1 and "finished" in runs.item(0).text(), _TRAINS_FOR_S)
        (run,) = (path for path in program.paths.runs.iterdir() if path.is_dir())
        failed = RunStatus(run, "sft", RunPhase.FAILED, reason="out_of_memory", message="There is not enough memory.")
        dock.show_status(failed)
        button(dock, "Go on in smaller portions").click()
        await reader.until(lambda: SftConfig.load(run / "config.json").accumulation == 2)
        # the panel may show the first end until the second process is there
        await reader.until(lambda: any(" sft " in command_line(child) for child in living_children()))
        await reader.until(
            lambda: not any(" sft " in command_line(child) for child in living_children()), _TRAINS_FOR_S
        )
        await reader.until(lambda: "Finished." in " ".join(labels(dock)))

    program.run(scenario, draw_comic(pages=1, columns=2))


def test_wrong_settings_and_missing_captions_are_said_before_anything_starts(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_told()
        dock = await opened_dock(reader)
        await reader.until(lambda: "nothing to learn from yet" in " ".join(labels(dock)))
        assert not button(dock, "Start training").isEnabled()
        await correct(reader, 1)
        reader.program.training.look()
        await reader.until(lambda: button(dock, "Start training").isEnabled())
        await reader.until(lambda: "min at most, on a common processor" in " ".join(labels(dock)))
        field = dock.findChild(QLineEdit, "batch_size")
        field.setText("0")
        field.textEdited.emit("0")
        assert not button(dock, "Start training").isEnabled()
        assert "batch_size is 0" in " ".join(labels(dock))

    program.run(scenario, draw_comic(pages=1, columns=2))


def labels(dock: QWidget) -> list[str]:
    return [label.text() for label in dock.findChildren(QLabel) if label.isVisibleTo(dock)]
