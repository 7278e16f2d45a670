"""Runs scenarios, sharing servers between those with equal settings."""

import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from conformance import idp
from conformance.compare import Acceptance, Difference, ToCome, compare
from conformance.mail import Mailbox
from conformance.scenario import Scenario, Scene
from conformance.settings import Settings, fingerprint
from conformance.transcript import Transcript
from conformance.worlds import World, WorldError

MakeWorld = Callable[[Settings], World]


@dataclass
class Result:
    scenario: Scenario
    client: str
    expected: Transcript | None = None
    got: Transcript | None = None
    differences: list[Difference] = field(default_factory=list)
    accepted: list[tuple[Difference, str]] = field(default_factory=list)
    # The harness or a server failed, so nothing was compared.
    error: str | None = None
    # What the project would need for it, and does not have yet.
    to_come: str | None = None
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        return not self.differences and self.error is None

    @property
    def failed(self) -> bool:
        return not self.passed and self.to_come is None


@dataclass
class Runner:
    """Compares the worlds made by `candidate` with those made by `reference`.

    Without a candidate it only records what the reference does.
    """

    reference: MakeWorld
    candidate: MakeWorld | None
    acceptances: Sequence[Acceptance]
    to_come: Sequence[ToCome]
    report: Callable[[Result], None]
    jobs: int = 2

    def run(
        self, scenarios: Sequence[Scenario], clients: Sequence[str]
    ) -> list[Result]:
        groups = _group(scenarios, clients)
        results: list[Result] = []
        lock = threading.Lock()
        provider = idp.IdentityProvider()

        def finish(result: Result) -> None:
            with lock:
                results.append(result)
                self.report(result)

        def work(group: list[tuple[Scenario, str]]) -> None:
            self._run_group(group, provider, finish)

        with ThreadPoolExecutor(self.jobs) as pool:
            list(pool.map(work, groups))
        provider.stop()
        return results

    def _run_group(
        self,
        group: list[tuple[Scenario, str]],
        provider: idp.IdentityProvider,
        finish: Callable[[Result], None],
    ) -> None:
        settings = _with_provider(group[0][0].settings, provider.url)
        makers = [self.reference] + ([self.candidate] if self.candidate else [])
        with ExitStack() as stack:
            try:
                worlds = [_start(make(settings), stack) for make in makers]
            except WorldError as error:
                for scenario, client in group:
                    finish(Result(scenario, client, error=str(error)))
                return
            for scenario, client in group:
                finish(self._run_one(scenario, client, worlds, provider))

    def _run_one(
        self,
        scenario: Scenario,
        client: str,
        worlds: list[tuple[World, Mailbox]],
        provider: idp.IdentityProvider,
    ) -> Result:
        result = Result(scenario, client)
        started = time.monotonic()
        transcripts: list[Transcript] = []
        try:
            for world, mailbox in worlds:
                expected = transcripts[0] if transcripts else None
                scene = Scene(world, mailbox, provider, scenario, client, expected)
                transcripts.append(scene.run(scenario.function))
        except Exception as error:
            world = worlds[len(transcripts)][0]
            tail = world.log_tail()
            result.error = f"{world.name}: {type(error).__name__}: {error}\n{tail}"
        else:
            self._judge(result, transcripts)
        result.seconds = time.monotonic() - started
        return result

    def _judge(self, result: Result, transcripts: list[Transcript]) -> None:
        result.expected = transcripts[0]
        if result.expected.aborted:
            result.error = f"the reference broke off: {result.expected.aborted}"
        if len(transcripts) < 2:
            return
        result.got = transcripts[1]
        for found in compare(result.expected, result.got):
            reason = self._reason(result, found)
            if reason is None:
                result.differences.append(found)
            else:
                result.accepted.append((found, reason))
        if result.differences:
            name = result.scenario.name
            waits = (x for x in self.to_come if x.covers(name, result.expected))
            result.to_come = next((x.what for x in waits), None)

    def _reason(self, result: Result, found: Difference) -> str | None:
        for acceptance in self.acceptances:
            if acceptance.covers(result.scenario.name, result.client, found):
                return acceptance.reason
        return None


def _start(world: World, stack: ExitStack) -> tuple[World, Mailbox]:
    stack.callback(world.stop)
    world.start()
    mailbox = Mailbox(world.mail_url)
    stack.callback(mailbox.close)
    return world, mailbox


def _group(
    scenarios: Sequence[Scenario], clients: Sequence[str]
) -> list[list[tuple[Scenario, str]]]:
    """Runs that can share a server, the largest lots first."""
    groups: dict[Any, list[tuple[Scenario, str]]] = defaultdict(list)
    for scenario in scenarios:
        for client in scenario.clients:
            if client in clients:
                key = (scenario.name, client) if scenario.fresh else ()
                groups[key, fingerprint(scenario.settings)].append((scenario, client))
    return sorted(groups.values(), key=len, reverse=True)


def _with_provider(settings: Settings, url: str) -> Settings:
    text = json.dumps(settings).replace(idp.ADDRESS, url)
    result: Settings = json.loads(text)
    return result
