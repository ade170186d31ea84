"""The narrator as the reader meets it: a child process that speaks lines of JSON."""

from __future__ import annotations

import base64
import dataclasses
import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import tiny_models

from trainer import events
from trainer.base_weights import default_cache
from trainer.captioner import embedded_folder
from trainer.style_card import StyleCard


class Child:
    """`python -m trainer serve`, spoken to line by line."""

    def __init__(self, model: str, *options: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "trainer", "serve", "--model", model, "--threads", "1", *options],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip

    def send(self, request: events.Request) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(events.encode(request))
        self.process.stdin.flush()

    def until(self, *kinds: type) -> list[events.Event]:
        """All events up to and with the first of these kinds."""
        assert self.process.stdout is not None
        seen: list[events.Event] = []
        for line in self.process.stdout:
            seen.append(events.decode_event(line))
            if isinstance(seen[-1], kinds):
                return seen
        pytest.fail(f"the child ended after {seen}")

    def leave(self) -> tuple[list[events.Event], int]:
        assert self.process.stdin is not None
        self.process.stdin.close()
        assert self.process.stdout is not None
        rest = [events.decode_event(line) for line in self.process.stdout]
        self.process.stdout.close()
        return rest, self.process.wait(20)


@pytest.fixture
def child(tiny_narrator: Path) -> Iterator[Child]:
    running = Child(str(tiny_narrator))
    yield running
    if running.process.poll() is None:
        running.leave()


def crop(panel_id: str, colour: str) -> events.PanelPicture:
    buffer = io.BytesIO()
    tiny_models.picture(colour).save(buffer, "JPEG")
    return events.PanelPicture(panel_id, base64.b64encode(buffer.getvalue()).decode())


def page(request_id: str, *colours: str) -> events.NarrateRequest:
    return events.NarrateRequest(request_id, tuple(crop(f"{request_id}-{c}", c) for c in colours))


def test_a_page_is_narrated_in_order_and_the_last_word_is_said_once(child: Child) -> None:
    started = child.until(events.Ready)
    assert isinstance(started[0], events.Loading)
    assert started[-1] == events.Ready("tiny", "Tiny", started[-1].seconds)  # type: ignore[union-attr]
    child.send(page("p1", "red", "blue"))
    answer = child.until(events.RequestDone)
    written = [event for event in answer if isinstance(event, events.CaptionWritten)]
    assert [event.panel_id for event in written] == ["p1-red", "p1-blue"]
    assert any(isinstance(event, events.CaptionPartial) for event in answer)
    assert all(0 <= event.confidence <= 1 for event in written)
    rest, status = child.leave()
    assert isinstance(rest[-1], events.RunFinished)
    assert len(rest) == 1
    assert status == 0


def test_a_caption_that_stands_is_context_and_is_not_written_again(child: Child) -> None:
    child.until(events.Ready)

    def second_caption(text: str) -> str:
        panels = (events.PanelPicture("a", text=text), crop("b", "green"))
        child.send(events.NarrateRequest(text or "none", panels))
        written = [e for e in child.until(events.RequestDone) if isinstance(e, events.CaptionWritten)]
        assert [e.panel_id for e in written] == ["b"]
        return written[0].text

    assert second_caption("A blue kite on the hill.") != second_caption("The goes on red ball sits.")


def test_the_newest_page_comes_first_and_the_older_one_is_finished_after_it(child: Child) -> None:
    # all are waiting before the model is loaded: the order of the answers is the narrator's choice
    child.send(page("old", "red", "blue"))
    child.send(page("new", "green"))
    first, second = child.until(events.RequestDone)[-1], child.until(events.RequestDone)[-1]
    assert (first, second) == (events.RequestDone("new"), events.RequestDone("old"))


def test_a_cancelled_request_ends_without_captions(child: Child) -> None:
    child.send(page("unwanted", "red", "blue", "green"))
    child.send(events.CancelRequest("unwanted"))
    answer = child.until(events.RequestDone)
    assert answer[-1] == events.RequestDone("unwanted", cancelled=True)
    assert not [event for event in answer if isinstance(event, events.CaptionWritten)]


def test_a_style_card_is_obeyed_at_once(child: Child) -> None:
    child.until(events.Ready)
    child.send(dataclasses.replace(page("plain", "red"), variation=1))
    plain = next(event.text for event in child.until(events.RequestDone) if isinstance(event, events.CaptionWritten))
    first = plain.split()[0].strip(".,")
    card = StyleCard(avoid=(first,), fewest_words=3, most_words=4)
    child.send(dataclasses.replace(page("told", "red"), variation=1, style_card=card.as_json()))
    told = next(event.text for event in child.until(events.RequestDone) if isinstance(event, events.CaptionWritten))
    assert first.lower() not in told.lower().split()
    assert len(told.split()) <= 4
    plain_words = {word for word in told.split() if word.isalpha()}  # it writes nonsense: there may be none
    named = dataclasses.replace(card, names=tuple((word, "Zebulon") for word in sorted(plain_words)))
    child.send(dataclasses.replace(page("named", "red"), variation=1, style_card=named.as_json()))
    answers = child.until(events.RequestDone)
    texts = [event.text for event in answers if isinstance(event, events.CaptionWritten)]
    assert ("Zebulon" in texts[0]) == bool(plain_words)
    child.send(dataclasses.replace(page("odd", "red"), style_card={"fewest_words": 5, "most_words": 2}))
    assert "must not be below the fewest" in child.until(events.RequestFailed)[-1].message  # type: ignore[union-attr]


def test_a_broken_picture_fails_its_request_only(child: Child) -> None:
    child.until(events.Ready)
    child.send(events.NarrateRequest("bad", (events.PanelPicture("x", base64.b64encode(b"no picture").decode()),)))
    failed = child.until(events.RequestFailed)[-1]
    assert isinstance(failed, events.RequestFailed)
    assert failed.request_id == "bad"
    child.send(page("good", "red"))
    assert child.until(events.RequestDone)[-1] == events.RequestDone("good")


@pytest.mark.parametrize("options", [(), ("--temperature", "0", "--beams", "2"), ("--samples", "3")])
def test_a_picture_is_told_alike_until_another_wording_is_asked_for(tiny_narrator: Path, options: tuple[str]) -> None:
    child = Child(str(tiny_narrator), *options)

    def text(number: int, variation: int) -> str:
        request = dataclasses.replace(page("p", "red"), request_id=str(number), variation=variation)
        child.send(request)
        return next(e.text for e in child.until(events.RequestDone) if isinstance(e, events.CaptionWritten))

    first, again, other, other_again, third = (text(*pair) for pair in enumerate([0, 0, 1, 1, 2]))
    child.leave()
    assert first == again
    assert other == other_again
    assert len({first, other, third}) == 3


def test_a_way_of_writing_that_the_narrator_has_not_is_the_last_word(tmp_path: Path) -> None:
    folder = tiny_models.tiny_encoder_decoder(tmp_path, uses_context=True)
    rest, status = Child(str(folder), "--guidance", "2").leave()
    last = rest[-1]
    assert isinstance(last, events.RunFailed)
    assert last.reason == "bad_config"
    assert "never trained without pictures" in last.message
    assert not any(isinstance(event, events.Ready) for event in rest)
    assert status == 1


def test_a_missing_model_is_the_last_word() -> None:
    child = Child("./nowhere")
    rest, status = child.leave()
    last = rest[-1]
    assert isinstance(last, events.RunFailed)
    assert last.reason == "model_not_found"
    assert status == 1


@pytest.mark.slow
@pytest.mark.skipif(not (default_cache() / "smollm2-135m").exists(), reason="the base weights are not here")
@pytest.mark.skipif(not embedded_folder().exists(), reason="there is no embedded narrator")
def test_the_embedded_narrator_writes_a_sentence() -> None:
    child = Child("embedded")
    ready = child.until(events.Ready)[-1]
    assert isinstance(ready, events.Ready)
    child.send(page("p", "green"))
    written = [e for e in child.until(events.RequestDone) if isinstance(e, events.CaptionWritten)]
    assert len(written[0].text.split()) >= 3
    assert written[0].text[-1] in '.!?…"”'
    child.leave()


def test_who_is_seen_is_named_and_who_is_not_is_not(child: Child) -> None:
    child.until(events.Ready)
    request = dataclasses.replace(page("p1", "red", "blue"), cast=("Nele", "Kit", "Bo"))
    seen = dataclasses.replace(request.panels[0], names=("Nele", "Kit", "Bo"))
    child.send(dataclasses.replace(request, panels=(seen, request.panels[1])))
    written = [event for event in child.until(events.RequestDone) if isinstance(event, events.CaptionWritten)]
    assert written[0].text.startswith("Nele, Kit and Bo")
    assert not any(name in written[1].text for name in ("Nele", "Kit", "Bo"))


@pytest.mark.skipif(not (default_cache() / "minilm-l6").exists(), reason="python -m trainer fetch-base")
def test_what_the_person_wrote_guides_the_next_captions_until_it_is_forgotten(child: Child) -> None:
    child.until(events.Ready)

    def told() -> str:
        child.send(dataclasses.replace(page("p", "green"), book="1"))
        (written,) = [event for event in child.until(events.RequestDone) if isinstance(event, events.CaptionWritten)]
        return written.text

    def lesson(number: int) -> events.LearnRequest:
        picture = crop("p", "green").jpeg_base64
        return events.LearnRequest(f"q{number}", "1", f"the yellow kite sits on the hill {number}", picture)

    alone = told()
    learned = []
    for number in range(5):
        child.send(lesson(number))
        learned.append(child.until(events.CaptionLearned)[-1])
    guided = told()
    assert guided != alone
    assert guided.count("yellow") + guided.count("kite") + guided.count("hill") > 0
    for one in learned:
        assert isinstance(one, events.CaptionLearned)
        child.send(events.ForgetRequest(one.panel_id))
    assert told() == alone
    for one in learned:  # again, without the pictures
        assert isinstance(one, events.CaptionLearned)
        child.send(
            events.LearnRequest(
                one.panel_id, "1", one.text, seen_by=one.seen_by, picture=one.picture, meaning=one.meaning
            )
        )
    assert told() == guided
    child.send(events.LearnRequest("q9", "1", "seen by others", seen_by="other", picture="AAA=", meaning="AAA="))
    assert child.until(events.CaptionLearned)[-1] == events.CaptionLearned(
        "q9", "1", "seen by others", learned[0].seen_by, "", ""  # type: ignore[attr-defined]
    )  # fmt: skip
    child.send(events.LearnRequest("q10", "1", "no picture", "bm8gcGljdHVyZQ=="))
    assert told() == guided
