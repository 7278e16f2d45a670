"""The steps of a run: their order, what depends on what, and the table of their results."""

import dataclasses
import re
import signal
import sys
import time
import traceback
from collections.abc import Callable


@dataclasses.dataclass(frozen=True)
class Step:
    """Something to try. The first sentence of its function's docstring is what it shows."""

    name: str
    run: Callable
    after: tuple[str, ...]

    @property
    def shows(self):
        return re.split(r"\.\s", " ".join((self.run.__doc__ or "").split()) + " ")[0]


@dataclasses.dataclass
class Result:
    """How a step ended: `passed`, `failed`, `skipped` or `not run`."""

    step: Step
    outcome: str
    seconds: float = 0
    note: str = ""


class Failed(Exception):
    """What a step looks for is not so."""


class Plan:
    """Steps in the order in which they are declared."""

    def __init__(self):
        self.steps = []

    def step(self, name, after=()):
        """Declares a step; it is skipped unless those before it that it builds on have passed."""
        assert all(any(step.name == other for step in self.steps) for other in after), f"{name}: {after}"

        def declare(run):
            assert run.__doc__, f"{name} does not say what it shows"
            self.steps.append(Step(name, run, tuple(after)))
            return run

        return declare

    def selected(self, names):
        unknown = set(names) - {step.name for step in self.steps}
        if unknown:
            raise SystemExit(f"there is no step {', '.join(sorted(unknown))}; --list names them")
        return [step for step in self.steps if not names or step.name in names]

    def execute(self, run, names=()):
        """Runs the steps, or those of these names; an interruption ends it. Returns all results."""
        results = {}
        steps = self.selected(names)
        interrupted = False
        for step in steps:
            lacking = [name for name in step.after if name in results and results[name].outcome != "passed"]
            if interrupted:
                results[step.name] = Result(step, "not run", note="interrupted")
            elif lacking:
                results[step.name] = Result(step, "skipped", note=f"needs {', '.join(lacking)}")
            else:
                results[step.name] = self._try(step, run)
                interrupted = results[step.name].note == "interrupted"
        return list(results.values())

    @staticmethod
    def _try(step, run):
        say(f"{step.name}: {step.shows}")
        start = time.monotonic()
        try:
            note = step.run(run) or ""
            outcome = "passed"
        except KeyboardInterrupt:
            outcome, note = "failed", "interrupted"
        # A step that stumbles must not keep the others, and above all the deletion, from running.
        except Exception as error:  # noqa: BLE001
            outcome, note = "failed", str(error) or type(error).__name__
            if not isinstance(error, Failed):
                traceback.print_exc()
            say(f"{step.name}: FAILED: {note}")
        return Result(step, outcome, time.monotonic() - start, note)


def say(text):
    print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)


def table(results):
    """The results as a Markdown table."""
    rows = ["| step | result | seconds | note |", "|---|---|---|---|"]
    for result in results:
        note = result.note.splitlines()[0] if result.note else ""
        note = note.replace("|", "\\|")[:200]
        rows.append(f"| {result.step.name} | {result.outcome} | {result.seconds:.0f} | {note} |")
    return "\n".join(rows)


def interruptible():
    """Lets the end of the process by a signal take the way of Ctrl-C, so that what was made is deleted."""

    def interrupt(*_):
        raise KeyboardInterrupt

    for name in ("SIGTERM", "SIGHUP"):
        signal.signal(getattr(signal, name), interrupt)
