"""The narrator's client with a real child process: `tests/fixtures/fake_narrator.py`."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest

from comicreader.domain.errors import NarratorError
from comicreader.services.narrator import Narrator, NarratorPhase, NarratorState, default_command
from comicreader.services.narrator_process import RequestRefusedError
from tests.fixtures.child_processes import living_children
from trainer.events import CaptionPartial, CaptionWritten, NarrateRequest, PanelPicture

TOLD = {
    "a": "caption of a after 0 previous",
    "b": "caption of b after 1 previous",
    "c": "caption of c after 2 previous",
}


def request(name: str = "r1", panels: str = "abc", **more: object) -> NarrateRequest:
    return NarrateRequest(name, tuple(PanelPicture(panel, "AAAA") for panel in panels), **more)  # type: ignore[arg-type]


@asynccontextmanager
async def narrating(
    command: list[str], states: list[NarratorState] | None = None, **more: object
) -> AsyncIterator[Narrator]:
    narrator = Narrator(command, on_state=(states if states is not None else []).append, **more)  # type: ignore[arg-type]
    try:
        yield narrator
    finally:
        await narrator.close()


async def captions(narrator: Narrator, asked: NarrateRequest) -> dict[str, str]:
    return {
        answer.panel_id: answer.text async for answer in narrator.narrate(asked) if isinstance(answer, CaptionWritten)
    }


def kinds(states: list[NarratorState]) -> list[NarratorPhase]:
    phases = [state.kind for state in states]
    return [phase for i, phase in enumerate(phases) if i == 0 or phases[i - 1] is not phase]


def child_pid() -> int:
    (child,) = living_children()
    return child.pid


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - what is waited for happens in another process
            await asyncio.sleep(0.01)


def run(main: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(10):
            await main()

    asyncio.run(bounded())


def test_nothing_is_started_before_it_is_needed(fake_narrator: list[str]) -> None:
    async def main() -> None:
        states: list[NarratorState] = []
        async with narrating(fake_narrator, states) as narrator:
            assert narrator.state.kind is NarratorPhase.ABSENT
            assert living_children() == []
        assert states == []

    run(main)


def test_captions_come_word_for_word_and_in_order(fake_narrator: list[str]) -> None:
    async def main() -> None:
        states: list[NarratorState] = []
        async with narrating(fake_narrator, states) as narrator:
            answers = [answer async for answer in narrator.narrate(request())]
            assert [(type(answer), answer.panel_id) for answer in answers] == [
                (kind, panel) for panel in "abc" for kind in (CaptionPartial, CaptionWritten)
            ]
            assert {answer.panel_id: answer.text for answer in answers} == TOLD
            assert narrator.model_id == narrator.state.model_id == "fake-embedded"
        assert kinds(states) == [NarratorPhase.LOADING, NarratorPhase.READY, NarratorPhase.ABSENT]
        assert NarratorState(NarratorPhase.LOADING, "loading the fake model", 0.5) in states

    run(main)


def test_several_requests_are_told_apart(fake_narrator: list[str]) -> None:
    async def main() -> None:
        async with narrating([*fake_narrator, "--delay", "0.01"]) as narrator:
            first, second = await asyncio.gather(
                captions(narrator, request("r1", "ab")), captions(narrator, request("r2", "ab", previous=("x", "y")))
            )
            assert first["b"].endswith("after 1 previous")
            assert second["b"].endswith("after 3 previous")
            assert len(living_children()) == 1

    run(main)


def test_closing_the_iterator_cancels_the_request(fake_narrator: list[str], tmp_path: Path) -> None:
    async def main() -> None:
        log = tmp_path / "log"
        async with narrating([*fake_narrator, "--delay", "0.05", "--log", str(log)]) as narrator:
            async with aclosing(narrator.narrate(request("r1", "abcdefghij"))) as answers:
                async for _ in answers:
                    break
            # the next one is answered long before the rest of the first could have been
            assert (await captions(narrator, request("r2", "a")))["a"] == TOLD["a"]
            assert '{"type": "cancel", "request_id": "r1"}' in log.read_text().splitlines()

    run(main)


def test_a_cancelled_task_cancels_its_request(fake_narrator: list[str], tmp_path: Path) -> None:
    async def main() -> None:
        log = tmp_path / "log"
        async with narrating([*fake_narrator, "--hang", "--log", str(log)]) as narrator:
            task = asyncio.create_task(captions(narrator, request()))
            await until(lambda: log.exists() and '"narrate"' in log.read_text())
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await until(lambda: '"cancel"' in log.read_text())

    run(main)


def test_a_refused_request_leaves_the_narrator_well(fake_narrator: list[str]) -> None:
    async def main() -> None:
        async with narrating([*fake_narrator, "--fail-panel", "b"]) as narrator:
            with pytest.raises(RequestRefusedError, match="cannot be read"):
                await captions(narrator, request())
            assert narrator.state.kind is NarratorPhase.READY
            assert await captions(narrator, request("r2", "a")) == {"a": TOLD["a"]}

    run(main)


def test_a_narrator_that_dies_is_started_again_and_goes_on(
    fake_narrator: list[str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        log, states = tmp_path / "log", list[NarratorState]()
        dying = ["--die-after", "1", "--die-once", str(tmp_path / "died"), "--log", str(log)]
        async with narrating([*fake_narrator, *dying], states) as narrator:
            answers = [answer async for answer in narrator.narrate(request()) if isinstance(answer, CaptionWritten)]
        # each once, although the process that wrote the first is not the one that wrote the others
        assert [(answer.panel_id, answer.text) for answer in answers] == list(TOLD.items())
        again = log.read_text().splitlines()[1]
        assert TOLD["a"] in again
        assert again.count("AAAA") == 2
        phases = [NarratorPhase.LOADING, NarratorPhase.READY, NarratorPhase.ABSENT]
        assert kinds(states) == phases * 2
        assert "SIGKILL" in caplog.text

    run(main)


def test_a_request_that_kills_twice_is_given_up(fake_narrator: list[str], caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with narrating([*fake_narrator, "--die-after", "0"]) as narrator:
            with pytest.raises(NarratorError, match=r"SIGKILL.*about to die"):
                await captions(narrator, request())
            assert narrator.state.kind is NarratorPhase.ABSENT

    run(main)


def test_the_third_death_in_a_minute_is_the_last(fake_narrator: list[str], caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with narrating([*fake_narrator, "--die-after", "0"]) as narrator:
            for name in ("r1", "r2"):
                with pytest.raises(NarratorError):
                    await captions(narrator, request(name))
            assert narrator.state.kind is NarratorPhase.FAILED
            assert "about to die" in narrator.state.message
            assert living_children() == []
            with pytest.raises(NarratorError, match="not started again"):
                await captions(narrator, request("r3"))
            await narrator.use_model("embedded")  # a person says: try again
            assert narrator.state.kind is NarratorPhase.LOADING

    run(main)


def test_a_death_between_requests_is_noticed_and_mended(
    fake_narrator: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with narrating(fake_narrator) as narrator:
            await captions(narrator, request("r1"))
            os.kill(child_pid(), signal.SIGKILL)
            await until(lambda: narrator.state.kind is NarratorPhase.ABSENT)
            assert "SIGKILL" in narrator.state.message
            assert await captions(narrator, request("r2")) == TOLD

    run(main)


def test_a_model_that_cannot_be_loaded_is_not_tried_again(fake_narrator: list[str]) -> None:
    async def main() -> None:
        async with narrating(fake_narrator, model="missing") as narrator:
            with pytest.raises(NarratorError, match=r"no such model\. Pick another one\."):
                await captions(narrator, request())
            assert narrator.state.kind is NarratorPhase.FAILED
            await narrator.use_model("other")
            await captions(narrator, request())
            assert narrator.model_id == "fake-other"

    run(main)


def test_a_program_that_is_not_there_is_one_sentence() -> None:
    async def main() -> None:
        async with narrating(["/nowhere/narrator"]) as narrator:
            with pytest.raises(NarratorError, match="cannot be started"):
                await captions(narrator, request())
            assert narrator.state.kind is NarratorPhase.FAILED

    run(main)


def test_another_model_takes_open_requests_over(fake_narrator: list[str], tmp_path: Path) -> None:
    async def main() -> None:
        async with narrating([*fake_narrator, "--delay", "0.05"], model="first") as narrator:
            models = []
            async for answer in narrator.narrate(request()):
                if isinstance(answer, CaptionWritten):
                    models.append((narrator.model_id, answer.text))
                    if answer.panel_id == "a":
                        await narrator.use_model("second")
                        assert narrator.state.kind is NarratorPhase.LOADING
            ids = ["fake-first", "fake-second", "fake-second"]
            assert models == list(zip(ids, TOLD.values(), strict=True))

    run(main)


def test_naming_the_same_model_changes_nothing(fake_narrator: list[str]) -> None:
    async def main() -> None:
        async with narrating(fake_narrator) as narrator:
            await narrator.ready()
            pid = child_pid()
            await narrator.use_model("embedded")
            assert child_pid() == pid

    run(main)


def test_a_page_of_large_pictures_gets_through(fake_narrator: list[str]) -> None:
    async def main() -> None:
        async with narrating(fake_narrator) as narrator:
            picture = "A" * 400_000
            asked = NarrateRequest("r", tuple(PanelPicture(str(i), picture) for i in range(12)))
            assert len(await captions(narrator, asked)) == 12

    run(main)


def test_closing_ends_open_requests_and_refuses_new_ones(fake_narrator: list[str]) -> None:
    async def main() -> None:
        async with narrating([*fake_narrator, "--hang"]) as narrator:
            task = asyncio.create_task(captions(narrator, request()))
            await until(lambda: narrator.state.kind is NarratorPhase.READY)
            await narrator.close()
            with pytest.raises(NarratorError, match="closed"):
                await task
            with pytest.raises(NarratorError, match="closed"):
                await captions(narrator, request("r2"))
        assert living_children() == []

    run(main)


def test_the_child_gets_its_model_and_an_environment_without_telemetry(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        told = tmp_path / "told"
        script = f"import os, sys; open({str(told)!r}, 'w').write(f'{{os.environ}} {{sys.argv}}')"
        command = [*default_command()[:2], "-c", script]
        async with narrating(command, environment={"A": "1"}, model="my model") as narrator:
            with pytest.raises(NarratorError):
                await narrator.ready()
        text = told.read_text()
        assert "'HF_HUB_DISABLE_TELEMETRY': '1'" in text
        assert "'A': '1'" in text
        assert "'--model', 'my model'" in text

    run(main)
