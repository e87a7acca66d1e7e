"""The live screen: nothing is drawn twice, and a window of another size begins anew."""

from __future__ import annotations

import io

import pytest
from rich.console import Console, ConsoleDimensions, Group
from rich.live import Live

from commands.framework.context import is_animated
from commands.framework.foreground import LiveFrames

CLEAR = "\x1b[2J"


@pytest.fixture
def terminal() -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=40, height=10, _environ={})


def written(terminal: Console) -> str:
    assert isinstance(terminal.file, io.StringIO)
    return terminal.file.getvalue()


def test_a_frame_is_drawn_only_when_it_differs(terminal: Console) -> None:
    size = ConsoleDimensions(40, 10)
    with Live(console=terminal, auto_refresh=False) as live:
        frames = LiveFrames(terminal=terminal, live=live)
        frames.show(Group("one", "two"), size)
        before = written(terminal)
        frames.show(Group("one", "two"), size)
        assert written(terminal) == before
        frames.show(Group("one", "three"), size)
        assert "three" in written(terminal) and CLEAR not in written(terminal)


@pytest.mark.parametrize("how", ["resized", "resumed"])
def test_a_spoilt_window_is_cleared_first(terminal: Console, how: str) -> None:
    with Live(console=terminal, auto_refresh=False) as live:
        frames = LiveFrames(terminal=terminal, live=live)
        frames.show(Group("one"), ConsoleDimensions(40, 10))
        if how == "resumed":
            frames.forget()
        frames.show(Group("one"), ConsoleDimensions(40 if how == "resumed" else 30, 10))
    assert written(terminal).count(CLEAR) == 1


def test_a_dumb_terminal_is_not_drawn_over() -> None:
    dumb = Console(file=io.StringIO(), force_terminal=True, _environ={"TERM": "dumb"})
    able = Console(file=io.StringIO(), force_terminal=True, _environ={"TERM": "xterm"})
    assert not is_animated(dumb) and is_animated(able)
    assert not is_animated(Console(file=io.StringIO(), _environ={"TERM": "xterm"}))
