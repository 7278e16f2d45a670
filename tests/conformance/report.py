"""How results are told."""

import json
from typing import Any

from conformance.compare import Difference
from conformance.runner import Result
from conformance.transcript import Step

_WIDTH = 600
_USUAL = (
    "application/json",
    ["max-age=0", "must-revalidate", "no-cache", "no-store", "private"],
)


def line(result: Result) -> None:
    if result.to_come:
        print(f"LATER {_name(result)}: needs {result.to_come}", flush=True)
        return
    verdict = "PASS" if result.passed else "ERROR" if result.error else "DIFF"
    text = f"{verdict:5} {_name(result)}"
    if result.accepted:
        text += f", {len(result.accepted)} accepted"
    print(text, flush=True)
    if result.error:
        print(_indent(result.error), flush=True)
    elif result.differences:
        print(_indent(_first(result.differences)), flush=True)


def _name(result: Result) -> str:
    return f"{result.scenario.name} ({result.client})"


def show(result: Result) -> None:
    """Everything the reference did."""
    print(f"\n== {result.scenario.name} ({result.client})")
    if result.error:
        print(_indent(result.error))
    for number, step in enumerate(result.expected.steps if result.expected else [], 1):
        print(f"{number:3} {step.actor}: {step.request}\n      {_summary(step)}")


def as_json(results: list[Result]) -> dict[str, Any]:
    return {
        "passed": sum(r.passed for r in results),
        "failed": sum(r.failed for r in results),
        "to_come": sum(r.to_come is not None for r in results),
        "results": [_result(r) for r in sorted(results, key=_order)],
    }


def _order(result: Result) -> tuple[str, str]:
    return result.scenario.name, result.client


def _result(result: Result) -> dict[str, Any]:
    return {
        "scenario": result.scenario.name,
        "group": result.scenario.group,
        "client": result.client,
        "passed": result.passed,
        "to_come": result.to_come,
        "error": result.error,
        "seconds": round(result.seconds, 2),
        "differences": [vars(d) for d in result.differences],
        "accepted": [vars(d) | {"reason": why} for d, why in result.accepted],
        "steps": [vars(s) for s in result.expected.steps] if result.expected else [],
    }


def _first(differences: list[Difference]) -> str:
    first = differences[0]
    same_step = [d for d in differences if d.step == first.step]
    lines = [f"step {first.step}, {first.actor}: {first.request}"]
    for found in same_step:
        lines += [
            f"  {found.field}",
            f"    expected {_short(found.expected)}",
            f"    got      {_short(found.got)}",
        ]
    more = len({d.step for d in differences}) - 1
    return "\n".join(lines + ([f"and {more} more steps"] if more else []))


def _summary(step: Step) -> str:
    """A step, but for the cookie and the headers that nearly every step has."""
    cookies = {k: v for k, v in step.cookies.items() if k != "csrftoken"}
    headers = {k: v for k, v in step.headers.items() if v not in _USUAL}
    rest = {"cookies": cookies, "headers": headers, "mails": step.mails}
    parts = [f"{step.status} {_short(step.body)}"]
    parts += [f"{name} {_short(value)}" for name, value in rest.items() if value]
    return "\n      ".join(parts)


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= _WIDTH else f"{text[:_WIDTH]}..."


def _indent(text: str) -> str:
    return "\n".join(f"      {row}" for row in text.splitlines())
