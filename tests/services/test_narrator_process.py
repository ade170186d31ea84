"""One life of a real child process: `tests/fixtures/fake_narrator.py`."""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from comicreader.services.narrator_process import NarratorProcess, ProcessEndedError
from comicreader.services.task_runner import TaskRunner
from tests.fixtures.child_processes import living_children
from trainer.events import CaptionWritten, Event, Loading, NarrateRequest, PanelPicture, Ready, UnknownEvent

REQUEST = NarrateRequest("r", (PanelPicture("a", "AAAA"), PanelPicture("b", "AAAA")))


def live(command: list[str], act: Callable[[NarratorProcess], Awaitable[None]]) -> tuple[list[Event], int]:
    """Start a process, act, close it; returns its events and how often it was said to have ended."""
    events: list[Event] = []
    ends: list[NarratorProcess] = []

    async def main() -> None:
        tasks = TaskRunner(lambda error: pytest.fail(str(error)))
        process = await NarratorProcess.start(command, None, tasks, lambda _, event: events.append(event), ends.append)
        try:
            async with asyncio.timeout(10):
                await act(process)
        finally:
            await process.close()
            assert living_children() == []
            await tasks.close()

    asyncio.run(main())
    return events, len(ends)


async def settled(process: NarratorProcess) -> None:
    await process.settled.wait()


def test_it_gets_ready_and_leaves_at_once_when_told(fake_narrator: list[str]) -> None:
    left = []

    async def act(process: NarratorProcess) -> None:
        await process.settled.wait()
        started = time.monotonic()
        await process.close()
        left.append(time.monotonic() - started)

    events, ends = live(fake_narrator, act)
    assert [type(event) for event in events] == [Loading, Ready]
    assert ends == 1
    assert left[0] < 0.9  # by itself, not by a signal


def test_captions_come_for_the_request(fake_narrator: list[str]) -> None:
    async def act(process: NarratorProcess) -> None:
        written = [answer async for answer in process.answers(REQUEST) if isinstance(answer, CaptionWritten)]
        assert [answer.panel_id for answer in written] == ["a", "b"]

    live(fake_narrator, act)


def test_lines_that_are_no_events_are_passed_on_as_unknown(fake_narrator: list[str]) -> None:
    events, _ = live([*fake_narrator, "--nonsense"], settled)
    assert events[:2] == [UnknownEvent("no json"), UnknownEvent('{"type": "from_the_future", "x": 1}')]
    assert isinstance(events[-1], Ready)


def test_a_child_that_does_not_listen_is_killed(fake_narrator: list[str]) -> None:
    _, ends = live([*fake_narrator, "--stubborn"], settled)
    assert ends == 1


def test_a_child_that_is_still_loading_can_be_closed(fake_narrator: list[str]) -> None:
    async def act(process: NarratorProcess) -> None:
        await asyncio.sleep(0)

    _, ends = live([*fake_narrator, "--never-ready"], act)
    assert ends == 1


def test_a_last_word_is_kept(fake_narrator: list[str]) -> None:
    async def act(process: NarratorProcess) -> None:
        await process.settled.wait()
        assert process.has_ended
        assert process.failure is not None
        assert process.failure.reason == "model_not_found"
        with pytest.raises(ProcessEndedError):
            await anext(process.answers(REQUEST))

    live([*fake_narrator, "--model", "missing"], act)


def test_a_death_is_told_with_its_signal_and_last_lines(fake_narrator: list[str]) -> None:
    async def act(process: NarratorProcess) -> None:
        with pytest.raises(ProcessEndedError):
            _ = [answer async for answer in process.answers(REQUEST)]
        assert "killed by SIGKILL" in process.obituary()
        assert "fake narrator: about to die" in process.obituary()

    live([*fake_narrator, "--die-after", "1"], act)


def test_a_line_longer_than_any_event_ends_the_child(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    script = tmp_path / "endless.py"
    script.write_text("import sys\nwhile True: sys.stdout.write('x' * (1 << 20))\n")

    async def act(process: NarratorProcess) -> None:
        await process.settled.wait()
        assert process.has_ended

    live([sys.executable, str(script)], act)
    assert "too long" in caplog.text


def test_a_child_stops_by_itself_when_the_reader_is_gone(fake_narrator: list[str]) -> None:
    pipe, silent = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL

    async def main() -> None:
        process = await asyncio.create_subprocess_exec(*fake_narrator, stdin=pipe, stdout=silent, stderr=silent)
        assert process.stdin is not None
        process.stdin.close()
        assert await process.wait() == 0

    asyncio.run(main())
