"""The command line of the harness."""

import argparse
import json
import sys
import time
from collections import Counter
from fnmatch import fnmatchcase
from pathlib import Path

from conformance import operations, report
from conformance.compare import read_acceptances, read_to_come
from conformance.runner import MakeWorld, Runner
from conformance.scenario import BOTH, GROUPS, Scenario, registry
from conformance.scenarios import load
from conformance.settings import Settings
from conformance.worlds import (
    HERE,
    ProjectConfig,
    ProjectWorld,
    ReferenceWorld,
    World,
    WorldError,
)


def main() -> int:
    options = _options()
    load()
    scenarios = _select(options.only, options.group)
    if options.list:
        _list(scenarios, options.client)
        return 0
    if not scenarios:
        print("no scenario matches", file=sys.stderr)
        return 2

    try:
        candidate = _candidate(options)
    except WorldError as error:
        print(error, file=sys.stderr)
        return 2

    started = time.monotonic()
    runner = Runner(
        reference=ReferenceWorld,
        candidate=candidate,
        acceptances=read_acceptances(HERE / "allowed.toml"),
        to_come=[] if options.self else read_to_come(HERE / "to_come.toml"),
        report=report.show if options.show else report.line,
        jobs=options.jobs,
    )
    results = runner.run(scenarios, options.client)
    if options.coverage:
        print(operations.coverage(results))
    failed = sum(result.failed for result in results)
    later = sum(result.to_come is not None for result in results)
    seconds = time.monotonic() - started
    print(f"{len(results)} runs in {seconds:.0f} s; skipped is what is to come")
    print(f"{len(results) - failed - later} passed, {failed} failed, {later} skipped")
    if options.report:
        options.report.write_text(json.dumps(report.as_json(results), indent=1))
    return 1 if failed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="conformance/run", description=__doc__)
    add = parser.add_argument
    add("--only", metavar="PATTERN", action="append", default=[])
    add("--group", choices=GROUPS, action="append", default=[])
    add("--client", choices=BOTH, action="append")
    add("--list", action="store_true", help="list the scenarios and stop")
    add("--self", action="store_true", help="compare the reference with itself")
    add("--show", action="store_true", help="print what the reference does and stop")
    add("--coverage", action="store_true", help="list the operations exercised")
    add("--jobs", type=int, default=3, help="servers of each kind at a time")
    add("--report", type=Path, metavar="FILE", help="write a report as JSON")
    add("--project", type=Path, metavar="FILE", default=HERE / "project.toml")
    add("--checkout", type=Path, metavar="DIR", help="where the project is")
    add("--no-build", action="store_true", help="do not build the project first")
    options = parser.parse_args()
    options.client = options.client or list(BOTH)
    return options


def _select(patterns: list[str], groups: list[str]) -> list[Scenario]:
    return [
        scenario
        for scenario in registry
        if (not groups or scenario.group in groups)
        and (not patterns or any(_matches(scenario.name, p) for p in patterns))
    ]


def _matches(name: str, pattern: str) -> bool:
    return pattern in name or fnmatchcase(name, pattern.replace("[", "[[]"))


def _list(scenarios: list[Scenario], clients: list[str]) -> None:
    counts: Counter[str] = Counter()
    for scenario in scenarios:
        kinds = [kind for kind in scenario.clients if kind in clients]
        print(f"{scenario.group:10} {scenario.name:60} {' '.join(kinds)}")
        counts[scenario.group] += 1
    total = sum(counts.values())
    print(f"{total} scenarios:", ", ".join(f"{n} {g}" for g, n in counts.items()))


def _candidate(options: argparse.Namespace) -> MakeWorld | None:
    if options.show:
        return None
    if options.self:
        return lambda settings: ReferenceWorld(settings, name="reference again")
    config = ProjectConfig.read(options.project, options.checkout)
    if not options.no_build:
        config.prepare()

    def make(settings: Settings) -> World:
        return ProjectWorld(settings, config)

    return make


if __name__ == "__main__":
    sys.exit(main())
