"""The trainer's command line: `python -m trainer {fetch-base,data,sft,rl,serve,evaluate,scorer,vision,…}`.

stdout belongs to the events of `trainer.events`; everything a library prints goes to stderr. Only `data` and
`panels-evaluate` write for a person.
"""

from __future__ import annotations

import argparse
import errno
import logging
import os
import stat
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import psutil

from trainer import data_arguments
from trainer.config import ConfigError, OptionsT, RlConfig, ScorerConfig, SftConfig, VisionConfig
from trainer.dataset import DatasetError
from trainer.decoding import READING_TEMPERATURE, Decoding
from trainer.events import Event, LastWord, RunCancelled, RunFailed, RunFinished, encode, in_words
from trainer.panel_config import PanelConfig
from trainer.run_dir import DiskError, RunDir, RunDirError

if TYPE_CHECKING:
    from filelock import BaseFileLock

# Who looks whether a run goes on holds its lock for a moment.
_LOCK_PATIENCE_S = 5.0

_CPU_MEMORY = "can't allocate memory"  # torch has no exception of its own for it
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FREE_SPACE = "Free some space, then go on from the last checkpoint with --resume."

EXIT_FINISHED, EXIT_FAILED, EXIT_CANCELLED = 0, 1, 130


class EventWriter:
    """Writes events to the stream the parent reads, and from `record_in` on into a file as well.

    A person at a terminal gets sentences instead of JSON.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._file: TextIO | None = None
        self._lock = threading.Lock()
        self._held: BaseFileLock | None = None

    def record_in(self, path: Path) -> None:
        """Keep a copy of every further event in a file."""
        self._file = path.open("a", encoding="utf-8")

    def hold(self, lock: BaseFileLock) -> None:
        """Keep a run's lock as long as its events are written."""
        self._held = lock

    def __call__(self, event: Event) -> None:
        """Write one event."""
        line = encode(event)
        with self._lock:
            self._stream.write(in_words(event) if self._stream.isatty() else line)
            self._stream.flush()
            if self._file is None:
                return
            try:
                self._file.write(line)
                self._file.flush()
            except OSError:
                self._file = None  # the disk is full: the last word, which says so, still goes to the stream
                raise


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    # A reader that follows stdout must find events only: print and native output go to stderr.
    stream = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    emit = EventWriter(stream)
    parsed = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    _be_quiet()
    if parsed.command == "data":
        return _data(parsed, stream)
    if parsed.command == "panels-evaluate":
        return _panels_evaluate(parsed, stream)
    if parsed.nice:
        os.nice(parsed.nice)
    last_word = _run(parsed, emit)
    if _leads():
        emit(last_word)
    return _exit_status(last_word)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m trainer", description="Train, measure and serve narrators.")
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--base-weights", type=Path, help="folder of the base weights (default: the user's cache)")
    shared.add_argument("--nice", type=int, default=0, help="lower the priority by this much (0 to 19)")
    commands = parser.add_subparsers(dest="command", required=True)
    fetch = commands.add_parser("fetch-base", parents=[shared], help="bring the base weights into the cache")
    fetch.add_argument("names", nargs="*", help="which; default: all")
    sft = commands.add_parser("sft", parents=[shared], help="supervised fine-tuning")
    SftConfig.add_arguments(sft)
    sft.add_argument("--resume", action="store_true", help="go on with the run in --run, as its config.json says")
    rl = commands.add_parser("rl", parents=[shared], help="learn from rewards")
    RlConfig.add_arguments(rl)
    rl.add_argument("--resume", action="store_true", help="go on with the run in --run, as its config.json says")
    serve = commands.add_parser("serve", parents=[shared], help="write captions for requests on stdin")
    serve.add_argument("--model", default="embedded", help='"embedded", a directory, or a hub name')
    serve.add_argument("--scorer", default="embedded", help="what samples are chosen by with --utility fit")
    serve.add_argument("--threads", type=int, default=0, help="CPU threads; 0 leaves the choice to torch")
    Decoding.add_arguments(serve)
    serve.set_defaults(temperature=READING_TEMPERATURE)
    evaluate = commands.add_parser("evaluate", parents=[shared], help="measure a narrator on a data set")
    evaluate.add_argument("--model", default="embedded", help='"embedded", a directory, or a hub name')
    evaluate.add_argument("--data", type=Path, required=True, help="folder of the data set")
    evaluate.add_argument("--split", default="test", help="which split")
    evaluate.add_argument("--style", default="narration", choices=("narration", "description"), help="which texts")
    evaluate.add_argument("--descriptions", type=Path, help="file of descriptions in place of the data set's own")
    evaluate.add_argument("--against", default="", help="another narrator, or the JSON report of one on this split")
    evaluate.add_argument("--json", type=Path, help="write metrics and captions here")
    evaluate.add_argument("--html", type=Path, help="write the report with pictures here")
    evaluate.add_argument(
        "--alone", action="store_true", help="tell every picture for itself, without what came before it"
    )
    evaluate.add_argument("--threads", type=int, default=0, help="CPU threads; 0 leaves the choice to torch")
    evaluate.add_argument("--limit", type=int, default=0, help="records at most; 0: all")
    evaluate.add_argument(
        "--controls", action=argparse.BooleanOptionalAction, default=True, help="show whether the picture counts"
    )
    evaluate.add_argument("--scorer", default="embedded", help="what samples are chosen by with --utility fit")
    evaluate.add_argument("--judge", default="embedded", help="scorer that says how well captions fit; empty: none")
    Decoding.add_arguments(evaluate)
    ScorerConfig.add_arguments(
        commands.add_parser("scorer", parents=[shared], help="train a scorer of text and picture")
    )
    VisionConfig.add_arguments(
        commands.add_parser("vision", parents=[shared], help="tune a picture encoder's last blocks on drawings")
    )
    judged = commands.add_parser("scorer-evaluate", parents=[shared], help="measure a scorer on a data set")
    judged.add_argument("--scorer", default="embedded", help='"embedded", a directory, or a CLIP or SigLIP hub name')
    judged.add_argument("--data", type=Path, required=True, help="folder of the data set")
    judged.add_argument("--split", default="test", help="which split")
    judged.add_argument("--descriptions", type=Path, help="file of descriptions in place of the data set's own")
    judged.add_argument("--json", type=Path, help="write the numbers here")
    panels_judged = commands.add_parser("panels-evaluate", help="measure found panels against true ones")
    panels_judged.add_argument("found", type=Path, metavar="PRED.json", help="`comicreader panels --json`, or a folder")
    panels_judged.add_argument("truth", type=Path, metavar="TRUTH.json", help="the true panels, or a folder of them")
    panels_judged.add_argument("--json", type=Path, help="write the numbers here, those of each page too")
    panels = commands.add_parser("panels", parents=[shared], help="train the panel detector on synthetic pages")
    PanelConfig.add_arguments(panels)
    panels.add_argument("--resume", action="store_true", help="go on with the run in --run, as its config.json says")
    data_arguments.add_arguments(commands.add_parser("data", help="check, divide, count, import, export data sets"))
    return parser


def _be_quiet() -> None:
    """No telemetry, no progress bars on a stream that people read."""
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TQDM_DISABLE", "1")


def _run(parsed: argparse.Namespace, emit: EventWriter) -> LastWord:
    """Run the command and turn expected failures into a last word."""
    import torch

    from trainer.base_weights import BaseWeightsError
    from trainer.captioner import CaptionerError

    smaller = "Use a smaller batch_size, or a larger accumulation; --resume goes on from the last checkpoint."
    try:
        return _COMMANDS[parsed.command](parsed, emit)
    except KeyboardInterrupt:
        return RunCancelled("Interrupted.")
    except DiskError as error:
        return RunFailed("disk_full", str(error), _FREE_SPACE)
    except (ConfigError, RunDirError) as error:
        return RunFailed("bad_config", str(error))
    except DatasetError as error:
        return RunFailed("bad_data", str(error))
    except BaseWeightsError as error:
        return RunFailed("no_network", str(error))
    except CaptionerError as error:
        return RunFailed(error.reason, str(error), error.hint)
    except torch.cuda.OutOfMemoryError:
        return RunFailed("out_of_memory", "The GPU's memory is too small.", smaller)
    except MemoryError:
        return RunFailed("out_of_memory", "There is not enough memory.", smaller)
    except RuntimeError as error:
        if _CPU_MEMORY not in str(error):
            raise
        return RunFailed("out_of_memory", "There is not enough memory.", smaller)
    except OSError as error:
        if error.errno not in _DISK_FULL:
            raise
        return RunFailed("disk_full", f"A file cannot be written: {error.strerror}.", _FREE_SPACE)


def _exit_status(last_word: LastWord) -> int:
    if isinstance(last_word, RunFinished):
        return EXIT_FINISHED
    return EXIT_CANCELLED if isinstance(last_word, RunCancelled) else EXIT_FAILED


def _base_weights(parsed: argparse.Namespace) -> Path:
    from trainer.base_weights import default_cache

    return parsed.base_weights or default_cache()


def _data(parsed: argparse.Namespace, out: TextIO) -> int:
    """The one command that writes for a person, not events; it needs no torch."""
    from trainer.base_weights import default_cache
    from trainer.data_commands import run

    return run(parsed, default_cache().parent / "looks", out, sys.stderr)


def _panels_evaluate(parsed: argparse.Namespace, out: TextIO) -> int:
    """Writes for a person as `data` does; it needs no torch either."""
    from trainer.panels_evaluate import run

    return run(parsed.found, parsed.truth, parsed.json, out, sys.stderr)


def _panels(parsed: argparse.Namespace, emit: EventWriter) -> LastWord:
    from trainer.panel_training import train_panels

    config, run = _opened_run(parsed, PanelConfig, emit)
    return train_panels(config, run, emit, _asked_to_stop(run))


def _fetch_base(parsed: argparse.Namespace, emit: EventWriter) -> LastWord:
    from trainer.base_weights import BASES, fetch
    from trainer.events import Loading

    for name in parsed.names or BASES:
        if name not in BASES:
            return RunFailed("bad_config", f"There are no base weights named “{name}”; known are {', '.join(BASES)}.")
        fetch(name, _base_weights(parsed), lambda text: emit(Loading(text)))
    return RunFinished("The base weights are ready.", str(_base_weights(parsed)))


def _sft(parsed: argparse.Namespace, emit: EventWriter) -> LastWord:
    from trainer.sft import train

    config, run = _opened_run(parsed, SftConfig, emit)
    return train(config, run, _base_weights(parsed), emit, _asked_to_stop(run) if _leads() else _never)


def _rl(parsed: argparse.Namespace, emit: EventWriter) -> LastWord:
    from trainer.rl import train

    config, run = _opened_run(parsed, RlConfig, emit)
    return train(config, run, _base_weights(parsed), emit, _asked_to_stop(run))


def _opened_run(parsed: argparse.Namespace, kind: type[OptionsT], emit: EventWriter) -> tuple[OptionsT, RunDir]:
    """A new run as the command line says, or with --resume the one that is there as its config.json says."""
    folder, leads = Path(parsed.run), _leads()
    if parsed.resume:
        run = RunDir.reopen(folder)
        config = kind.load(run.config_file)
    else:
        config = kind.from_arguments(parsed)
        run = RunDir.create(folder) if leads else RunDir(folder)
    if leads:
        emit.hold(_locked(run))
        _forget_old_wish_to_stop(run)
        if parsed.resume:
            run.rewind_events()
        emit.record_in(run.events_file)
    return config, run


def _forget_old_wish_to_stop(run: RunDir) -> None:
    """Take a stop file away that an earlier process of the run has left; one that is newer than this process counts."""
    try:
        if run.stop_file.stat().st_mtime < psutil.Process().create_time():
            run.stop_file.unlink()
    except FileNotFoundError:
        return


def _locked(run: RunDir) -> BaseFileLock:
    """The run's lock, held by this process.

    Raises:
        RunDirError: another process works on the run.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(run.lock_file)
    try:
        lock.acquire(timeout=_LOCK_PATIENCE_S)
    except Timeout:
        raise RunDirError(f"The run in {run.path} is going on already, in another process.") from None
    return lock


def _leads() -> bool:
    """Whether this is the process of a distributed run that speaks and writes; torchrun and accelerate number them."""
    return os.environ.get("RANK", "0") == "0"


def _never() -> bool:
    """The first process alone is asked to stop, and tells the others."""
    return False


def _serve(parsed: argparse.Namespace, emit: EventWriter) -> LastWord:
    from trainer.serve import serve

    decoding = Decoding.from_arguments(parsed)
    return serve(parsed.model, parsed.scorer, _base_weights(parsed), parsed.threads, decoding, sys.stdin, emit)


def _evaluate(parsed: argparse.Namespace, emit: EventWriter) -> LastWord:
    from trainer.device import set_threads
    from trainer.evaluate import Evaluation, evaluate
    from trainer.sentence_encoder import SentenceEncoder

    set_threads(parsed.threads)
    wanted = Evaluation(
        model=parsed.model,
        data=parsed.data,
        split=parsed.split,
        style=parsed.style,
        descriptions=parsed.descriptions,
        alone=parsed.alone,
        limit=parsed.limit,
        controls=parsed.controls,
        against=parsed.against,
        decoding=Decoding.from_arguments(parsed),
        scorer=parsed.scorer,
        judge=parsed.judge,
        json_file=parsed.json,
        html_file=parsed.html,
    )
    return evaluate(wanted, _base_weights(parsed), SentenceEncoder(_base_weights(parsed)), emit)


def _scorer(parsed: argparse.Namespace, emit: EventWriter) -> LastWord:
    from trainer.scorer_training import train_scorer

    config = ScorerConfig.from_arguments(parsed)
    run = RunDir.create(Path(config.run))
    emit.record_in(run.events_file)
    return train_scorer(config, run, _base_weights(parsed), emit, _stop_on_stdin())


def _vision(parsed: argparse.Namespace, emit: EventWriter) -> LastWord:
    from trainer.vision_training import train_vision

    config = VisionConfig.from_arguments(parsed)
    run = RunDir.create(Path(config.run))
    emit.record_in(run.events_file)
    return train_vision(config, run, _base_weights(parsed), emit, _stop_on_stdin())


def _scorer_evaluate(parsed: argparse.Namespace, emit: EventWriter) -> LastWord:
    from trainer.scorer_evaluation import evaluate_scorer

    return evaluate_scorer(
        parsed.scorer, parsed.data, parsed.split, parsed.descriptions, parsed.json, _base_weights(parsed), emit
    )


_COMMANDS: dict[str, Callable[[argparse.Namespace, EventWriter], LastWord]] = {
    "fetch-base": _fetch_base,
    "sft": _sft,
    "rl": _rl,
    "serve": _serve,
    "evaluate": _evaluate,
    "scorer": _scorer,
    "vision": _vision,
    "scorer-evaluate": _scorer_evaluate,
    "panels": _panels,
}


def _asked_to_stop(run: RunDir) -> Callable[[], bool]:
    """Whether the parent, or anyone by the run's stop file, asks for an end."""
    on_stdin = _stop_on_stdin()
    return lambda: on_stdin() or run.stop_file.exists()


def _stop_on_stdin() -> Callable[[], bool]:
    """Watch for the line `stop`. End of stdin stops as well, where stdin is a parent's pipe: a batch job has none."""
    asked = threading.Event()
    mode = os.fstat(sys.stdin.fileno()).st_mode if sys.stdin else 0
    if not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
        return asked.is_set

    def watch() -> None:
        for line in sys.stdin:
            if line.strip() == "stop":
                break
        asked.set()

    threading.Thread(target=watch, daemon=True, name="stdin").start()
    return asked.is_set


def _leave(status: int) -> None:
    """End the process. One of several ends at once: gloo's threads may outlive Python's own end, and abort it then."""
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    sys.exit(status)


if __name__ == "__main__":
    _leave(main())
