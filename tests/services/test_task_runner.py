import asyncio

import pytest

from comicreader.services.task_runner import TaskRunner


def test_a_task_gives_its_result() -> None:
    async def main() -> int:
        errors: list[BaseException] = []
        runner = TaskRunner(errors.append)
        result = await runner.start(_answer(42), name="answer")
        await runner.close()
        assert errors == []
        return result

    assert asyncio.run(main()) == 42


def test_the_error_of_a_task_that_nobody_awaits_is_reported_once() -> None:
    async def main() -> list[BaseException]:
        errors: list[BaseException] = []
        runner = TaskRunner(errors.append)
        runner.start(_fail(), name="failing")
        await asyncio.sleep(0)
        await runner.close()
        return errors

    errors = asyncio.run(main())
    assert [str(error) for error in errors] == ["broken"]


def test_closing_cancels_tasks_and_waits_for_their_clean_up() -> None:
    async def main() -> list[str]:
        steps: list[str] = []

        async def work() -> None:
            try:
                await asyncio.sleep(60)
            finally:
                await asyncio.sleep(0)
                steps.append("cleaned up")

        errors: list[BaseException] = []
        runner = TaskRunner(errors.append)
        runner.start(work(), name="work")
        await asyncio.sleep(0)
        await runner.close()
        assert errors == []
        return steps

    assert asyncio.run(main()) == ["cleaned up"]


def test_after_closing_new_work_is_cancelled_before_its_first_step() -> None:
    async def main() -> list[str]:
        steps: list[str] = []

        async def work() -> None:
            steps.append("began")

        runner = TaskRunner(lambda error: pytest.fail(str(error)))
        await runner.close()
        task = runner.start(work(), name="late")
        with pytest.raises(asyncio.CancelledError):
            await task
        return steps

    assert asyncio.run(main()) == []


async def _answer(value: int) -> int:
    return value


async def _fail() -> None:
    raise ValueError("broken")
