"""The lines that cross between the reader and its child processes: one JSON object a line.

A child writes events on stdout and reads requests from stdin; stderr is for people. Exactly one of
`RunFinished`, `RunCancelled`, `RunFailed` is a child's last word. Standard library only: both sides
import this module, and the reader must not load torch for it.

    reader -> child   {"type": "narrate", ...}   `Request`: NarrateRequest | CancelRequest | StopRequest
    child -> reader   {"type": "caption", ...}   `Event`: every other class here

A line that is no JSON object, or names no known event, becomes `UnknownEvent`; it is logged, never fatal:
an old reader must survive a new trainer.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class PanelPicture:
    """One panel of a narrate request, in reading order.

    Attributes:
        panel_id: the reader's name for it; comes back with the caption.
        jpeg_base64: the panel's crop, JPEG or PNG bytes, longest side 448 px or less; empty where `text` is set.
        text: a caption that stands already (a person's): it is context for the panels after it, not written anew.
        names: of who is known to be seen, the most important first; the caption begins with them.
    """

    panel_id: str
    jpeg_base64: str = ""
    text: str | None = None
    names: tuple[str, ...] = ()

    @property
    def image_bytes(self) -> bytes:
        """The encoded picture."""
        return base64.b64decode(self.jpeg_base64)


@dataclass(frozen=True, slots=True)
class NarrateRequest:
    """Write captions for the panels of one page, each conditioned on the captions before it.

    Attributes:
        request_id: unique in the child's life.
        panels: the page's panels in reading order.
        previous: captions of the panels before this page, oldest first (the last few are used).
        style: "narration" (what happens) or "description" (what is seen).
        variation: 0 for the first text; another number seeds a different wording (regenerate).
        style_card: how the book is to be told, as `StyleCard.as_json` gives it; empty for a blank card.
        cast: names of all who appear in the book: none is said of a panel but its own.
        book: names the book, for what is remembered of it.
    """

    request_id: str
    panels: tuple[PanelPicture, ...]
    previous: tuple[str, ...] = ()
    style: str = "narration"
    variation: int = 0
    style_card: dict[str, Any] = field(default_factory=dict)
    cast: tuple[str, ...] = ()
    book: str = ""


@dataclass(frozen=True, slots=True)
class LearnRequest:
    """Remember a caption that the person wrote: it guides the captions of similar panels from now on.

    Attributes:
        panel_id: its panel.
        book: names its book.
        text: the caption.
        jpeg_base64: the panel's crop, as in `PanelPicture`; empty where the vectors of `CaptionLearned` are at hand.
        seen_by: of that `CaptionLearned`; another scorer's vectors are left aside.
        picture: of that `CaptionLearned`.
        meaning: of that `CaptionLearned`.
    """

    panel_id: str
    book: str
    text: str
    jpeg_base64: str = ""
    seen_by: str = ""
    picture: str = ""
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class ForgetRequest:
    """A caption is not the person's any more."""

    panel_id: str


@dataclass(frozen=True, slots=True)
class CancelRequest:
    """Give up a request; it ends with `RequestDone(cancelled=True)`."""

    request_id: str


@dataclass(frozen=True, slots=True)
class StopRequest:
    """Finish and leave; end of stdin means the same, and so does the bare line `stop`."""


@dataclass(frozen=True, slots=True)
class Loading:
    """A model is being made ready.

    Attributes:
        message: what is being done, for the person.
        done_frac: 0 to 1; None where it cannot be known.
    """

    message: str
    done_frac: float | None = None


@dataclass(frozen=True, slots=True)
class Ready:
    """The narrator takes requests.

    Attributes:
        model_id: id of the checkpoint; captions get the source "model:<model_id>".
        title: its name for people.
        seconds: how long loading took.
    """

    model_id: str
    title: str
    seconds: float


@dataclass(frozen=True, slots=True)
class CaptionPartial:
    """The text of a caption so far."""

    request_id: str
    panel_id: str
    text: str


@dataclass(frozen=True, slots=True)
class CaptionWritten:
    """A whole caption.

    Attributes:
        request_id: the request it answers.
        panel_id: the panel it belongs to.
        text: the caption.
        confidence: how sure the narrator is of it, 0 to 1.
        seconds: time spent on this caption.
    """

    request_id: str
    panel_id: str
    text: str
    confidence: float
    seconds: float


@dataclass(frozen=True, slots=True)
class CaptionLearned:
    """A caption is remembered; with these vectors it can be learned again without its picture.

    Attributes:
        panel_id: its panel.
        book: names its book.
        text: the caption.
        seen_by: names the scorer.
        picture: vector of the picture, half precision in base64; empty where the vectors it was to be learned from
            are another scorer's, and it is not remembered before its picture is sent.
        meaning: vector of the text, the same.
    """

    panel_id: str
    book: str
    text: str
    seen_by: str
    picture: str
    meaning: str


@dataclass(frozen=True, slots=True)
class RequestDone:
    """No more captions will come for the request."""

    request_id: str
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class RequestFailed:
    """A request could not be answered (an undecodable picture, say); the child goes on."""

    request_id: str
    message: str


@dataclass(frozen=True, slots=True)
class RunStarted:
    """A training or evaluation run has begun.

    Attributes:
        run_id: name of the run folder.
        kind: "sft", "rl", "evaluate", ...
        total_steps: optimiser steps (or records) until the end.
        device: where it runs, for people ("cpu, 2 threads").
    """

    run_id: str
    kind: str
    total_steps: int
    device: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the run is.

    Attributes:
        step: steps done.
        total_steps: steps in all.
        seconds: since the run started.
    """

    step: int
    total_steps: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Metrics:
    """Numbers measured at a step, named `train/ eval/ reward/ ppo/ time/...`."""

    step: int
    values: dict[str, float]


@dataclass(frozen=True, slots=True)
class Sample:
    """What the model writes for one fixed record, to be watched over a run."""

    step: int
    record_id: str
    text: str
    reference: str


@dataclass(frozen=True, slots=True)
class CheckpointSaved:
    """A checkpoint folder is complete under its final name."""

    step: int
    path: str
    is_best: bool


@dataclass(frozen=True, slots=True)
class RunFinished:
    """Last word: all went well.

    Attributes:
        message: one sentence for the person.
        path: what was made, where something was.
    """

    message: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True)
class RunCancelled:
    """Last word: stopped as asked; what was finished is kept."""

    message: str = ""


@dataclass(frozen=True, slots=True)
class RunFailed:
    """Last word: it could not go on.

    Attributes:
        reason: a stable word: "out_of_memory", "model_not_found", "no_network", "disk_full", "bad_data", "error".
        message: one sentence for the person.
        hint: what to change, or empty.
    """

    reason: str
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class UnknownEvent:
    """A line this version does not know."""

    line: str


Request: TypeAlias = NarrateRequest | LearnRequest | ForgetRequest | CancelRequest | StopRequest
LastWord: TypeAlias = RunFinished | RunCancelled | RunFailed
Event: TypeAlias = (
    Loading
    | Ready
    | CaptionPartial
    | CaptionWritten
    | CaptionLearned
    | RequestDone
    | RequestFailed
    | RunStarted
    | Progress
    | Metrics
    | Sample
    | CheckpointSaved
    | LastWord
    | UnknownEvent
)

_REQUESTS: dict[str, type[Any]] = {
    "narrate": NarrateRequest,
    "learn": LearnRequest,
    "forget": ForgetRequest,
    "cancel": CancelRequest,
    "stop": StopRequest,
}
_EVENT_CLASSES: tuple[type[Any], ...] = (
    Loading,
    Ready,
    CaptionPartial,
    CaptionWritten,
    CaptionLearned,
    RequestDone,
    RequestFailed,
    RunStarted,
    Progress,
    Metrics,
    Sample,
    CheckpointSaved,
    RunFinished,
    RunCancelled,
    RunFailed,
)


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


_EVENTS: dict[str, type[Any]] = {_snake(cls.__name__): cls for cls in _EVENT_CLASSES}
_NAMES: dict[type[Any], str] = {cls: name for name, cls in (_EVENTS | _REQUESTS).items()}


def encode(message: Event | Request) -> str:
    """One line of JSON, newline at its end."""
    return json.dumps({"type": _NAMES[type(message)], **asdict(message)}, ensure_ascii=False) + "\n"


def in_words(event: Event) -> str:
    """One line for a person at a terminal, newline at its end."""
    match event:
        case Loading(message, done_frac):
            text = message if done_frac is None else f"{message}: {done_frac:.0%}"
        case Progress(step, total_steps, seconds):
            text = f"step {step} of {total_steps}, {seconds / 60:.1f} min"
        case Metrics(step, values):
            text = f"  at {step}: " + ", ".join(f"{name} {value:.4g}" for name, value in values.items())
        case Sample(_, record_id, text_written, reference):
            text = f"  {record_id}: {text_written}\n    the person wrote: {reference}"
        case RunFailed(_, message, hint):
            text = f"Failed: {message} {hint}".rstrip()
        case RunFinished(message, path):
            text = f"{message} {path}".rstrip()
        case RunCancelled(message):
            text = message
        case _:
            text = encode(event).rstrip("\n")
    return text + "\n"


def decode_event(line: str) -> Event:
    """Read a child's line; never raises."""
    event = _decode(line, _EVENTS)
    return UnknownEvent(line.rstrip("\n")) if event is None else event


def decode_request(line: str) -> Request | None:
    """Read the reader's line; None for one that is no request."""
    if line.strip() == "stop":
        return StopRequest()
    request: Request | None = _decode(line, _REQUESTS)
    if isinstance(request, NarrateRequest):
        try:
            panels = tuple(PanelPicture(**panel) for panel in request.panels)  # type: ignore[arg-type]
            panels = tuple(replace(panel, names=tuple(panel.names)) for panel in panels)
        except TypeError:
            return None
        return replace(request, panels=panels, previous=tuple(request.previous), cast=tuple(request.cast))
    return request


def _decode(line: str, classes: dict[str, type[Any]]) -> Any:
    """The dataclass a line names, unknown fields dropped; None where the line is not one of `classes`."""
    try:
        raw = json.loads(line)
    except ValueError:
        return None
    if not isinstance(raw, dict) or raw.get("type") not in classes:
        return None
    cls = classes[raw["type"]]
    known = {field.name for field in fields(cls)}
    try:
        return cls(**{key: value for key, value in raw.items() if key in known})
    except TypeError:
        return None
