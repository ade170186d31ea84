"""Training of the panel detector: pages as the net sees them, its loss, its ONNX, and a small run."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from comicreader.domain.panel_net import PanelNet as ReadersNet
from comicreader.domain.panel_net import input_size as readers_input_size
from trainer.events import CheckpointSaved, Event, Metrics, RunCancelled, RunFinished
from trainer.panel_batches import random_batch, whole_batches
from trainer.panel_config import PanelConfig
from trainer.panel_loss import PanelTruth, panel_loss, voted_boxes
from trainer.panel_net import REACH_PX, STRIDE, PanelNet
from trainer.panel_onnx import save_onnx
from trainer.panel_pages import DEV, MOST_PANELS, TRAIN, as_input, draw_chunks, input_size, page_sets
from trainer.panel_training import ONNX_FILE, train_panels
from trainer.run_dir import RunDir, RunDirError
from trainer.synthetic.page_art import ArtLibrary
from trainer.synthetic.pages import NO_PANEL, draw_page

SMALL = PanelConfig(pages=12, dev_pages=4, page_px=300, steps=4, max_hours=0.0, batch_size=2, evaluate_every=2)


@pytest.fixture(scope="module")
def pages_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    draw_chunks(SMALL, folder)
    return folder


@pytest.fixture
def warm_net() -> PanelNet:
    """A net whose running statistics are not those it was born with."""
    torch.manual_seed(0)
    net = PanelNet()
    for _ in range(3):
        net(torch.rand(2, 3, 128, 128))
    return net.eval()


@pytest.mark.parametrize(
    "size", [(1000, 1400), (988, 1528), (1500, 1000), (2000, 1400), (1200, 374), (800, 4000), (9, 9)]
)
def test_reader_and_trainer_agree_on_the_nets_input(size: tuple[int, int]) -> None:
    assert input_size(*size) == readers_input_size(*size)
    assert all(length % 32 == 0 for length in input_size(*size))


def test_pages_become_the_nets_input() -> None:
    page = draw_page(3, ArtLibrary(), 500, kind="cuts")
    image, labels, boxes = as_input(page.image, page.labels, page.boxes)
    assert labels.shape == (image.shape[0] // STRIDE, image.shape[1] // STRIDE)
    shares = boxes[: len(page.panels)] / np.tile(image.shape[1::-1], 2)
    assert shares == pytest.approx(page.boxes / np.tile(page.image.shape[1::-1], 2), abs=1e-5)
    assert not boxes[len(page.panels) :].any()


def test_chunks_are_drawn_once_and_the_same_way_again(pages_folder: Path, tmp_path: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in pages_folder.rglob("*.npy")}
    draw_chunks(SMALL, pages_folder)
    draw_chunks(SMALL, tmp_path)
    assert before == {path: path.stat().st_mtime_ns for path in pages_folder.rglob("*.npy")}
    assert before
    for path in before:
        assert path.read_bytes() == (tmp_path / path.relative_to(pages_folder)).read_bytes()


def test_batches_hold_pages_of_one_shape_with_their_truth(pages_folder: Path) -> None:
    sets = page_sets(pages_folder, TRAIN)
    assert sum(map(len, sets)) == SMALL.pages
    for is_coarse in (False, True):
        batch = random_batch(sets, np.random.default_rng(0), 2, is_coarse)
        count, _, height, width = batch.pages.shape
        assert batch.truth.labels.shape == (count, height // STRIDE, width // STRIDE)
        assert batch.truth.boxes.shape == (count, MOST_PANELS + 1, 4)
        assert 0 <= float(batch.pages.min()) <= float(batch.pages.max()) <= 1
        assert (batch.truth.boxes[..., 0::2] <= width + 1).all()
        assert (batch.truth.boxes[..., 2:] >= batch.truth.boxes[..., :2]).all()


def test_whole_batches_hold_every_page_once(pages_folder: Path) -> None:
    assert sum(len(batch.pages) for batch in whole_batches(page_sets(pages_folder, DEV), 3)) == SMALL.dev_pages


def true_votes(truth: PanelTruth) -> torch.Tensor:
    """The votes of a net that knows everything."""
    filler = truth.boxes.shape[1] - 1
    count, rows, columns = truth.labels.shape
    wanted = truth.boxes[torch.arange(count)[:, None, None], truth.labels]
    y = torch.arange(rows)[:, None] * STRIDE + (STRIDE - 1) / 2
    x = torch.arange(columns)[None] * STRIDE + (STRIDE - 1) / 2
    distances = torch.stack([x - wanted[..., 0], y - wanted[..., 1], wanted[..., 2] - x, wanted[..., 3] - y], dim=1)
    logits = torch.log(torch.expm1((distances / REACH_PX).clamp(min=1e-3)))
    inside = torch.where(truth.labels == filler, -20.0, 20.0)
    return torch.cat([inside[:, None], torch.zeros_like(inside)[:, None], logits], dim=1)


def truth_of_two_panels() -> PanelTruth:
    labels = torch.full((1, 24, 16), 2)
    labels[0, 1:11, 1:15], labels[0, 13:23, 1:15] = 0, 1
    boxes = torch.tensor([[[4.0, 4, 60, 44], [4, 52, 60, 92], [0, 0, 0, 0]]])
    return PanelTruth(labels, boxes)


def test_votes_for_the_truth_cost_nearly_nothing_and_others_more() -> None:
    truth = truth_of_two_panels()
    right = true_votes(truth)
    loss = panel_loss(right, truth)
    assert float(loss.inside) < 1e-6
    assert float(loss.box) < 0.01
    assert float(loss.overlap) > 0.99
    shifted = right.clone()
    shifted[:, 2:] += 0.5
    assert float(panel_loss(shifted, truth).box) > 0.1
    assert float(panel_loss(-right, truth).inside) > 10


def test_votes_are_boxes_in_input_pixels() -> None:
    truth = truth_of_two_panels()
    boxes = voted_boxes(true_votes(truth))
    assert boxes[0, 5, 5].tolist() == pytest.approx([4, 4, 60, 44], abs=0.1)
    assert boxes[0, 20, 10].tolist() == pytest.approx([4, 52, 60, 92], abs=0.1)


@pytest.mark.parametrize("size", [(128, 128), (384, 288), (192, 576)])
def test_the_onnx_net_says_what_the_trained_one_says(warm_net: PanelNet, tmp_path: Path, size: tuple[int, int]) -> None:
    path = tmp_path / "net.onnx"
    save_onnx(warm_net, path)
    assert path.stat().st_size < 5_000_000
    image = np.random.default_rng(0).integers(0, 255, (*size, 3)).astype(np.uint8)
    assert readers_input_size(size[1], size[0]) == (size[1], size[0]) or size == (128, 128)
    width, height = readers_input_size(size[1], size[0])
    shown = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    with torch.no_grad():
        votes = warm_net(torch.from_numpy(shown).permute(2, 0, 1)[None].float() / 255)
    found = ReadersNet(path).look(image)
    scale = np.array([width, height] * 2)
    assert found.inside == pytest.approx(votes[0, 0].sigmoid().numpy(), abs=1e-4)
    wanted = (voted_boxes(votes)[0].numpy() / scale).clip(0, 1)
    assert found.boxes == pytest.approx(wanted, abs=1e-4)


def test_a_run_leaves_a_net_and_goes_on_where_it_stood(tmp_path: Path) -> None:
    run, events = RunDir.create(tmp_path / "run"), list[Event]()
    asked = iter([False, False, True, True])
    last = train_panels(SMALL, run, events.append, lambda: next(asked, True))
    assert isinstance(last, RunCancelled)
    assert [event.step for event in events if isinstance(event, CheckpointSaved)] == [2]
    last = train_panels(PanelConfig.load(run.config_file), RunDir.reopen(run.path), events.append, lambda: False)
    assert isinstance(last, RunFinished)
    assert [event.step for event in events if isinstance(event, CheckpointSaved)] == [2, 4]
    assert any("eval/loss" in event.values for event in events if isinstance(event, Metrics))
    best = run.best_model()
    assert best is not None
    assert ReadersNet(best / ONNX_FILE).look(np.zeros((300, 200, 3), np.uint8)).inside.ndim == 2
    assert json.loads(run.config_file.read_text())["pages"] == SMALL.pages


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    run = RunDir.create(tmp_path / "run")
    SMALL.save(run.config_file)
    run.save_checkpoint(2, True, lambda folder: (folder / "training_state" / "state.pt").write_bytes(b"no such thing"))
    with pytest.raises(RunDirError, match="step_000002"):
        train_panels(SMALL, run, lambda event: None, lambda: False)


def test_no_panel_is_no_number_of_a_panel() -> None:
    assert MOST_PANELS < NO_PANEL
