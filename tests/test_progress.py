import io

from comicreader.progress import Progress


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_elsewhere_each_thing_is_a_line_said_once() -> None:
    stream = io.StringIO()
    progress = Progress(stream, 2)
    progress.say("loading", 0.1)
    progress.say("loading", 0.9)
    progress.step()
    progress.say("page 1")
    progress.clear()
    assert stream.getvalue() == "[0/2] loading\n[1/2] page 1\n"


def test_in_a_terminal_a_bar_grows_on_one_line() -> None:
    stream = Terminal()
    progress = Progress(stream, 4)
    progress.say("loading", 0.5)
    for _ in range(4):
        progress.step()
    progress.say("page 4")
    first, last = stream.getvalue().split("\r\x1b[K")[1:]
    assert first == "[" + "." * 24 + "] 0/4 loading 50%"
    assert last == "[" + "#" * 24 + "] 4/4 page 4"
    assert "\n" not in stream.getvalue()


def test_the_bar_makes_room_for_other_output() -> None:
    stream = Terminal()
    progress = Progress(stream, 1)
    progress.say("page 1")
    progress.clear()
    assert stream.getvalue().endswith("\r\x1b[K")
