"""Computes what the templates cost, idle and in use, and holds docs/deploy.md to it.

Prices are those of us-east-1, on demand, without the free tiers of the first year; those that last are in FREE. Run by
lint.sh; `costs.py --write` writes the table into the document.
"""

import json
import pathlib
import re
import sys

from samtranslator.yaml_helper import yaml_parse

# Dollars of us-east-1. https://aws.amazon.com/cloudwatch/pricing/ and the like, read 2026-11-29.
PRICES = json.loads((pathlib.Path(__file__).parent / "prices.json").read_text())
# What every account has at no charge, a month.
FREE = {"alarm metric, a month": 10, "custom metric, a month": 10, "dashboard, a month": 3}
MOST_ALARMS, MOST_METRICS, MOST_IDLE = 10, 10, 1.00

# What one request uses: the function, milliseconds that Lambda bills for a warm one, items read (of at most 4 KB,
# strongly consistent), items written (of at most 1 KB, in a transaction, which takes two units each) and mails.
# Milliseconds and items are estimates, as nothing of this has run on AWS.
REQUESTS = {
    "logins (`POST auth/login`)": [("Login", 80, 7, 8, 0)],
    "checks of a session (`GET auth/session`)": [("Session", 10, 2, 0, 0)],
    "sign-ups, with their mail": [("Signup", 80, 8, 10, 0), ("Mail", 120, 1, 2, 1)],
}
# What the function probe uses in a month: every five minutes it is invoked, by EventBridge at no charge, logs in, checks
# its session, lists its sessions and logs out.
PROBE = [("Probe", 900, 0, 0, 0)], [("Login", 80, 7, 8, 0), ("Session", 10, 2, 0, 0), ("Session", 10, 3, 0, 0), ("Session", 10, 2, 1, 0)]
PROBES = 30 * 24 * 12
# Of one request: the line `answered`, Lambda's two lines, and that of the access log.
LOG_BYTES = 1800


def value(node, parameters, conditions):
    """What a condition comes to with the parameters' defaults."""
    if not isinstance(node, dict):
        return node
    (kind, rest), = node.items()
    if kind == "Ref":
        return parameters[rest].get("Default")
    if kind == "Condition":
        return value(conditions[rest], parameters, conditions)
    values = [value(one, parameters, conditions) for one in (rest if isinstance(rest, list) else [rest])]
    return {
        "Fn::Equals": lambda: str(values[0]) == str(values[1]),
        "Fn::Not": lambda: not values[0],
        "Fn::And": lambda: all(values),
        "Fn::Or": lambda: any(values),
    }[kind]()


def resources(path):
    """The resources that there are by default."""
    template = yaml_parse(pathlib.Path(path).read_text())
    conditions, parameters = template.get("Conditions", {}), template["Parameters"]
    for name, resource in template["Resources"].items():
        if "Condition" not in resource or value({"Condition": resource["Condition"]}, parameters, conditions):
            yield name, resource


def counted(paths):
    """How many there are by default of what costs something each month, and how many alarms."""
    counts, alarms = dict.fromkeys(PRICES, 0), 0
    for _, resource in (each for path in paths for each in resources(path)):
        kind, properties = resource["Type"], resource.get("Properties", {})
        if kind == "AWS::CloudWatch::Alarm":
            alarms += 1
            counts["alarm metric, a month"] += sum("MetricStat" in one for one in properties.get("Metrics", [])) or 1
        elif kind == "AWS::CloudWatch::CompositeAlarm":
            alarms += 1
            counts["composite alarm, a month"] += 1
        elif kind == "AWS::CloudWatch::Dashboard":
            counts["dashboard, a month"] += 1
        elif kind == "AWS::SecretsManager::Secret":
            counts["secret, a month"] += 1
        elif "CloudWatchDestination" in properties.get("EventDestination", {}):
            counts["custom metric, a month"] += len(properties["EventDestination"]["MatchingEventTypes"])
    telemetry = pathlib.Path("shared/src/telemetry.rs").read_text()
    counts["custom metric, a month"] += int(re.search(r"METRICS: \[&str; (\d+)\]", telemetry)[1])
    return counts, alarms


def monthly(counts, free):
    return sum(max(0, counts[name] - free.get(name, 0)) * price for name, price in PRICES.items())


def per_thousand(parts, memory):
    dollars = PRICES["API request"] + LOG_BYTES / 1e9 * PRICES["GB of logs"] * len(parts)
    for function, ms, reads, writes, mails in parts:
        dollars += PRICES["Lambda request"] + memory[function] / 1024 * ms / 1000 * PRICES["GB-second (arm64)"]
        dollars += reads * PRICES["read request unit"] + 2 * writes * PRICES["write request unit"]
        dollars += mails * PRICES["mail"]
    return 1000 * dollars


def probe(memory):
    """What ProbeEmail costs a month, with the alarm on it: also what its parameter says."""
    own, requests = PROBE
    dollars = PROBES / 1000 * (per_thousand(own, memory) + sum(per_thousand([one], memory) for one in requests))
    # Only its requests pass the API.
    dollars -= PROBES * PRICES["API request"]
    return PRICES["secret, a month"] + PRICES["alarm metric, a month"] + dollars


def table():
    application, alone = ["template.yaml"], ["template.yaml", "infra/alarms.yaml", "infra/ses.yaml"]
    counts, alarms = counted(alone)
    every = yaml_parse(pathlib.Path("template.yaml").read_text())["Resources"]
    memory = {name: it["Properties"].get("MemorySize") for name, it in every.items() if "Properties" in it}
    faults = []
    if alarms > MOST_ALARMS:
        faults.append(f"{alarms} alarms, at most {MOST_ALARMS}")
    if counts["custom metric, a month"] > MOST_METRICS:
        faults.append(f"{counts['custom metric, a month']} custom metrics, at most {MOST_METRICS}")
    idle = monthly(counts, FREE)
    if idle > MOST_IDLE + 1e-9:
        faults.append(f"${idle:.2f} a month when idle, at most ${MOST_IDLE:.2f}")
    only = {**counted(application)[0], "custom metric, a month": 0}
    metrics, custom = counts["alarm metric, a month"], counts["custom metric, a month"]
    lines = [
        "| what | dollars |",
        "|---|---|",
        f"| a month, idle: the application alone | {monthly(only, FREE):.2f} |",
        f"| a month, idle: with `infra/alarms.yaml` ({alarms} alarms on {metrics} metrics) and `infra/ses.yaml` | {idle:.2f} |",
        f"| the same, where the account has used up its free alarms; {custom} custom metrics, once they have data | {monthly(counts, {}):.2f} |",
    ]
    said = f"{probe(memory):.2f}"
    lines.append(f"| a month of `ProbeEmail`, with its alarm: {PROBES:,} logins | {said} |")
    if f"at ${said} a month" not in pathlib.Path("template.yaml").read_text():
        faults.append(f"template.yaml: ProbeEmail costs ${said} a month")
    lines += [f"| 1,000 {what} | {per_thousand(parts, memory):.4f} |" for what, parts in REQUESTS.items()]
    return "\n".join(lines) + "\n", faults


def main():
    text, faults = table()
    document = pathlib.Path("docs/deploy.md")
    before, after = "<!-- tests/sam/costs.py -->\n", "<!-- end -->\n"
    start, rest = document.read_text().split(before)
    written, end = rest.split(after)
    if "--write" in sys.argv:
        document.write_text(start + before + text + after + end)
    elif written != text:
        faults.append("docs/deploy.md has other costs: run tests/sam/costs.py --write")
    if faults:
        sys.exit("costs.py: " + "; ".join(faults))
    print("costs.py: what is idle costs at most $1.00 a month, and docs/deploy.md says so")


main()
