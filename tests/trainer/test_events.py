from hypothesis import given
from hypothesis import strategies as st

from trainer import events


def test_every_event_comes_back_as_it_was_sent() -> None:
    sent: list[events.Event] = [
        events.Loading("Loading", 0.5),
        events.Ready("id", "title", 1.5),
        events.CaptionPartial("r", "p", "The g"),
        events.CaptionWritten("r", "p", "The goat «mäh»\nran.", 0.5, 1.0),
        events.RequestDone("r", True),
        events.RequestFailed("r", "no picture"),
        events.RunStarted("run", "sft", 10, "cpu"),
        events.Progress(1, 10, 2.0),
        events.Metrics(3, {"train/loss": 1.25}),
        events.Sample(3, "id", "text", "reference"),
        events.CheckpointSaved(3, "there", True),
        events.RunFinished("done", "there"),
        events.RunCancelled("stopped"),
        events.RunFailed("error", "no", "do this"),
    ]
    for event in sent:
        line = events.encode(event)
        assert line.endswith("\n")
        assert line.count("\n") == 1
        assert events.decode_event(line) == event


@given(st.text())
def test_no_line_is_fatal(line: str) -> None:
    assert isinstance(events.decode_event(line), events.UnknownEvent)
    if line.strip() != "stop":
        assert events.decode_request(line) is None


def test_fields_of_a_newer_trainer_are_dropped_and_missing_ones_make_the_event_unknown() -> None:
    assert events.decode_event('{"type": "run_cancelled", "message": "m", "new": 1}') == events.RunCancelled("m")
    assert isinstance(events.decode_event('{"type": "caption_written", "text": "t"}'), events.UnknownEvent)
    assert isinstance(events.decode_event('{"type": "from_the_future"}'), events.UnknownEvent)


def test_a_narrate_request_keeps_its_panels() -> None:
    request = events.NarrateRequest(
        "r", (events.PanelPicture("a", "AA=="), events.PanelPicture("b", text="known")), ("x",)
    )
    assert events.decode_request(events.encode(request)) == request
    assert request.panels[0].image_bytes == b"\0"


def test_stop_is_a_bare_word_or_an_object() -> None:
    assert events.decode_request("stop\n") == events.StopRequest()
    assert events.decode_request(events.encode(events.StopRequest())) == events.StopRequest()
    assert events.decode_request('{"type": "narrate", "request_id": "r", "panels": [{"nonsense": 1}]}') is None


def test_a_person_at_a_terminal_reads_sentences() -> None:
    assert events.in_words(events.Loading("Downloading", 0.5)) == "Downloading: 50%\n"
    assert events.in_words(events.RunFailed("no_network", "No hub.", "Try again.")) == "Failed: No hub. Try again.\n"
    assert "train/loss 1.25" in events.in_words(events.Metrics(3, {"train/loss": 1.25}))
    assert events.in_words(events.RequestDone("r")).startswith("{")
