"""What a command prints: sentences for people, one JSON document for programs, or nothing but errors.

In: data and lines. Out: the lines on standard output, or with ``--json`` the data; notes on the error stream.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import typer


@dataclass(frozen=True, kw_only=True)
class Mode:
    """How much a command says."""

    quiet: bool = False
    json: bool = False


_SPOKEN = Mode()
MODE: ContextVar[Mode] = ContextVar("mode", default=_SPOKEN)


def answer(data: object, lines: Iterable[str], *, always: bool = False) -> None:
    """Print what a command found, once."""
    mode = MODE.get()
    if mode.json:
        typer.echo(json.dumps(data, ensure_ascii=False, indent=1, default=str))
    elif always or not mode.quiet:
        typer.echo("\n".join(lines))


def note(text: str) -> None:
    """Tell something beside the answer, on the error stream."""
    if not MODE.get().quiet:
        typer.echo(text, err=True)


def duration(seconds: float) -> str:
    """Give a duration in the largest unit that says enough.

    Examples
    --------
    >>> duration(42), duration(200), duration(8000)
    ('42 s', '3 min', '2 h 13 min')
    """
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def time_left(elapsed: float, share: float) -> str:
    """Say how long the rest takes at the pace until now; nothing before a twentieth is done.

    Examples
    --------
    >>> time_left(60, 0.25), time_left(60, 0.01), time_left(60, 1.0)
    ('about 3 min left', '', '')
    """
    return f"about {duration(elapsed * (1 - share) / share)} left" if 0.05 <= share < 1 else ""


@contextmanager
def progress(title: str) -> Iterator[Callable[[str, float], None]]:
    """Show one line for a long piece of work on the error stream: what is being done, how far, and how long it takes.

    Colours and moving lines are for terminals: elsewhere, and where ``NO_COLOR`` is set, it is plain text.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TextColumn, TimeElapsedColumn
    from rich.text import Text

    class TimeLeft(ProgressColumn):
        max_refresh = 1.0

        def render(self, task: Task) -> Text:
            return Text(time_left(task.elapsed or 0, task.percentage / 100))

    columns = (
        SpinnerColumn(finished_text="✓"),
        TextColumn(f"{title:<20}", markup=False),
        BarColumn(bar_width=30),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
        TimeLeft(),
    )
    mode = MODE.get()
    with Progress(*columns, console=Console(stderr=True), disable=mode.quiet or mode.json) as bar:
        task = bar.add_task("reading", total=1.0)
        yield lambda stage, share: bar.update(task, description=stage, completed=share)
        bar.update(task, description="done", completed=1.0)
