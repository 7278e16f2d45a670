"""What an installation takes: cold starts from the functions' logs, and the bill from CloudWatch's figures."""

import datetime
import json
import re
import statistics
import time

from .installation import ROOT, until
from .plan import Failed

# Dollars of us-east-1; other regions differ by some tenths. Free tiers are left out.
PRICES = json.loads((ROOT / "tests/sam/prices.json").read_text())
INIT = re.compile(r'(?:Init Duration: |"initDurationMs":\s*)([0-9.]+)')
# CloudWatch has the figures of a minute some minutes later.
PATIENCE = 15 * 60


def functions(run):
    """The names and memory sizes of the installation's functions."""
    found = run.aws("lambda", "list_functions")["Functions"]
    return {
        function["FunctionName"]: function["MemorySize"]
        for function in found
        if function["FunctionName"].startswith(f"{run.name}-")
    }


def init_durations(messages):
    """The milliseconds of the cold starts that these log lines report, whatever format they have."""
    return [float(found[1]) for message in messages if (found := INIT.search(message))]


def cold_starts(run):
    """The median of each function's cold starts, as one line."""
    medians = {}
    for name in functions(run):
        group = f"/aws/lambda/{name}"
        events = run.aws("logs", "filter_log_events", logGroupName=group, filterPattern='?"Init Duration" ?initDurationMs')
        durations = init_durations(event["message"] for event in events["events"])
        if durations:
            medians[name.removeprefix(f"{run.name}-")] = (statistics.median(durations), len(durations))
    if not medians:
        raise Failed("no log reports a cold start")
    return ", ".join(f"{name} {median:.0f} ms ({count})" for name, (median, count) in sorted(medians.items()))


def bill(run, times, action):
    """Does something this many times, in minutes of its own; returns what a thousand times cost, in dollars."""
    _next_minute()
    start = datetime.datetime.now(datetime.UTC).replace(second=0, microsecond=0)
    for _ in range(times):
        action()
    _next_minute()
    end = datetime.datetime.now(datetime.UTC).replace(second=0, microsecond=0)
    until(PATIENCE, "CloudWatch has no figures", lambda: usage(run, start, end)["Lambda request"] >= times)
    used = usage(run, start, end)
    used["API request"] = times
    return price(used) / times * 1000


def price(used):
    """What this costs, in dollars."""
    return sum(PRICES[what] * amount for what, amount in used.items())


def usage(run, start, end):
    """What the functions and the table used in this time."""
    used = {"Lambda request": 0.0, "GB-second (arm64)": 0.0}
    for name, memory in functions(run).items():
        dimension = {"FunctionName": name}
        used["Lambda request"] += total(run, "AWS/Lambda", "Invocations", dimension, start, end)
        milliseconds = total(run, "AWS/Lambda", "Duration", dimension, start, end)
        used["GB-second (arm64)"] += milliseconds / 1000 * memory / 1024
    table = {"TableName": run.output("TableName")}
    used["read request unit"] = total(run, "AWS/DynamoDB", "ConsumedReadCapacityUnits", table, start, end)
    used["write request unit"] = total(run, "AWS/DynamoDB", "ConsumedWriteCapacityUnits", table, start, end)
    return used


def total(run, namespace, metric, dimensions, start, end):
    """The sum of a metric over a time."""
    points = run.aws(
        "cloudwatch",
        "get_metric_statistics",
        Namespace=namespace,
        MetricName=metric,
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
        StartTime=start.isoformat(),
        EndTime=end.isoformat(),
        Period=60,
        Statistics=["Sum"],
    )["Datapoints"]
    return sum(point["Sum"] for point in points)


def _next_minute():
    time.sleep(60 - time.time() % 60 + 1)
