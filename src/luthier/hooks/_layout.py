"""The live table as lines of styled text: what fits a terminal of a given size, calm and aligned.

A `Progress` enters with a width and a height in characters; lines leave, each a tuple of (text,
style) pieces. No terminal is touched here, so the same state always gives the same lines.
"""

from __future__ import annotations

from luthier.hooks._grid import GAP, Line, Row, finished_row, grid
from luthier.hooks._progress import Progress, Running
from luthier.hooks._text import duration_text, score_text, shortened, step_text
from luthier.records import TrialState

MOST_ROWS = 12
BAR = 24


def frame(progress: Progress, width: int, height: int) -> list[Line]:
    """The table at this moment.

    Args:
        progress: the state of the search.
        width: characters in a line.
        height: lines that the terminal has; the frame stays below, as long as it has ten or more.
    """
    lines = [_title(progress, width)]
    rows, best = _rows(progress, height - 9), _best_row(progress)
    shown = [*([best] if best else []), *rows]
    if shown:
        names = progress.names(row.trial for row in shown)
        goals = [objective.name for objective in progress.objectives]
        heading, body = grid(shown, goals, names, width)
        if best:
            body.insert(1, (("─" * width, "dim"),))
        lines += [(), *heading, *body]
    return [_cropped(line, width) for line in (*lines, (), _footer(progress, width))]


def _cropped(line: Line, width: int) -> Line:
    pieces = []
    for text, style in line:
        if text and width > 0:
            pieces.append((text[:width], style))
            width -= len(text)
    return tuple(pieces)


# -- the frame around ------------------------------------------------------------------------------


def _title(progress: Progress, width: int) -> Line:
    goals = ", ".join(
        f"{objective.name} ({'less' if objective.direction == 'min' else 'more'} is better)"
        for objective in progress.objectives
    )
    head = f"{progress.name} · {goals}"
    rest = width - len(head) - 3
    if rest < 12:
        return ((shortened(head, width), "title"),)
    return ((head, "title"), (" · " + shortened(progress.place, rest), "dim"))


def _footer(progress: Progress, width: int) -> Line:
    facts = " · ".join(_facts(progress))
    total = progress.max_trials
    bar = min(BAR, width - len(facts) - 2)
    if not total or bar < 6:
        return ((facts, "plain"),)
    filled = round(bar * min(1.0, progress.done / total))
    return (("━" * filled, "bar"), ("─" * (bar - filled), "dim"), (GAP + facts, "plain"))


def _facts(progress: Progress) -> list[str]:
    total = f" of {progress.max_trials}" if progress.max_trials else ""
    facts = [f"{progress.done}{total} trials"]
    for state in (TrialState.FAILED, TrialState.SKIPPED):
        if progress.count(state):
            facts.append(f"{progress.count(state)} {state.value}")
    if progress.resumed:
        facts.append(f"{progress.resumed} from before")
    facts.append(duration_text(progress.elapsed))
    left = progress.left()
    if progress.reason is not None:
        facts.append(progress.reason)
    elif left is not None:
        facts.append(f"about {duration_text(left)} left" if left >= 1 else "nearly done")
    return facts


# -- rows ------------------------------------------------------------------------------------------


def _rows(progress: Progress, room: int) -> list[Row]:
    running = [_running_row(progress, known) for known in progress.running.values()]
    room = max(1, min(MOST_ROWS, room))
    running = running[-room:]
    kept = room - len(running)
    recent = list(progress.recent)[-kept:] if kept else []
    goals = len(progress.objectives)
    ended = [finished_row(trial, goals, is_best=trial is progress.best) for trial in recent]
    return [*ended, *running]


def _best_row(progress: Progress) -> Row | None:
    best = progress.best
    if best is None:
        return None
    scores = tuple(map(score_text, best.scores))
    return Row(best, "best", scores, duration_text(best.seconds), "best so far")


def _running_row(progress: Progress, running: Running) -> Row:
    scores = []
    for objective in progress.objectives:
        last = running.last
        known = last is not None and objective.has_value(last.metrics)
        scores.append(score_text(objective.get_value(last.metrics)) if last and known else "")
    time = duration_text(progress.elapsed_of(running))
    return Row(running.trial, "running", tuple(scores), time, _epoch(progress, running))


def _epoch(progress: Progress, running: Running) -> str:
    if running.last is None:
        return "starting"
    total = progress.steps_of(running)
    execution = running.last.execution
    prefix = f"run {execution + 1}, " if execution else ""
    return f"{prefix}epoch {step_text(running.last.step)}" + (f"/{total}" if total else "")
