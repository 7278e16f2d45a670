"""Finds where two transcripts differ, but for the differences we accept."""

import json
import tomllib
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from conformance.transcript import Step, Transcript

ABSENT = "<absent>"


@dataclass(frozen=True)
class Difference:
    step: int
    actor: str
    request: str
    field: str
    expected: Any
    got: Any


@dataclass(frozen=True)
class Acceptance:
    """A difference we accept, and why; patterns as in file names."""

    reason: str
    scenario: str = "*"
    client: str = "*"
    step: str = "*"
    field: str = "*"
    expected: str = "*"

    def covers(self, scenario: str, client: str, found: Difference) -> bool:
        return (
            _matches(scenario, self.scenario)
            and _matches(client, self.client)
            and _matches(found.request, self.step)
            and _matches(found.field, self.field)
            and _matches(json.dumps(found.expected), self.expected)
        )


def _matches(text: str, pattern: str) -> bool:
    return fnmatchcase(text, pattern.replace("[", "[[]"))


@dataclass(frozen=True)
class ToCome:
    """What the project does not have yet: paths, or what some scenarios are about."""

    what: str
    paths: list[str]
    scenarios: list[str] = field(default_factory=list)

    def covers(self, scenario: str, transcript: Transcript) -> bool:
        paths = [step.request.split()[1].partition("?")[0] for step in transcript.steps]
        return any(_matches(scenario, mine) for mine in self.scenarios) or any(
            _matches(path, mine) for path in paths for mine in self.paths
        )


def read_to_come(path: Path) -> list[ToCome]:
    entries = tomllib.loads(path.read_text()).get("to_come", [])
    return [ToCome(**entry) for entry in entries]


def read_acceptances(path: Path) -> list[Acceptance]:
    entries = tomllib.loads(path.read_text()).get("accept", [])
    return [Acceptance(**entry) for entry in entries]


def compare(expected: Transcript, got: Transcript) -> list[Difference]:
    found: list[Difference] = []
    for number, (left, right) in enumerate(
        zip(expected.steps, got.steps, strict=False), 1
    ):
        found += _compare_steps(number, left, right)
    longer, shorter = len(expected.steps), len(got.steps)
    if longer != shorter or expected.aborted != got.aborted:
        step = (expected.steps + got.steps)[-1]
        found.append(
            Difference(
                step=min(longer, shorter) + 1,
                actor=step.actor,
                request="(end)",
                field="end",
                expected=expected.aborted or f"{longer} steps",
                got=got.aborted or f"{shorter} steps",
            )
        )
    return found


def _compare_steps(number: int, expected: Step, got: Step) -> list[Difference]:
    if expected.status >= 500 and got.status >= 400:
        # The reference failed; refusing the request is at least as good.
        return []
    found = [
        Difference(number, expected.actor, expected.request, field, left, right)
        for field, left, right in _walk("", expected.fields(), got.fields())
    ]
    return sorted(found, key=lambda difference: difference.field != "status")


def _walk(path: str, left: Any, right: Any) -> list[tuple[str, Any, Any]]:
    if isinstance(left, dict) and isinstance(right, dict):
        found = []
        for key in sorted(left.keys() | right.keys()):
            where = f"{path}.{key}" if path else str(key)
            found += _walk(where, left.get(key, ABSENT), right.get(key, ABSENT))
        return found
    if isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        found = []
        for index, (a, b) in enumerate(zip(left, right, strict=True)):
            found += _walk(f"{path}[{index}]", a, b)
        return found
    same = left == right and isinstance(left, bool) == isinstance(right, bool)
    return [] if same else [(path, left, right)]
