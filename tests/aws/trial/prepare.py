"""What a run looks at before it makes anything: credentials, region, domain, quotas, programs, and what it costs."""

import shutil
import subprocess
import sys

from .aws import AwsError
from .installation import ROOT
from .remains import Remains

# What is charged, in dollars: about as much as a run of two hours uses.
ESTIMATE = [
    ("requests, invocations, reads and writes", 0.02),
    ("three secrets, for the hours of the run", 0.01),
    ("alarms, for the hours of the run", 0.02),
    ("some hundred mails, sent and received", 0.05),
    ("metrics, logs and queries of the alarms", 0.10),
    ("restoring the table, and its backups", 0.01),
    ("CloudFront, certificates, DNS queries", 0.01),
]
# What all of it costs while it is kept, in dollars a day.
KEPT = 0.25
CONCURRENCY = 20


def account(aws):
    """The account's number, or the end with what to do."""
    return aws("sts", "get_caller_identity")["Account"]


def zone(aws, domain):
    """The id of the public zone that the domain is in; the longest name wins."""
    zones = [zone for zone in aws("route53", "list_hosted_zones")["HostedZones"] if not zone["Config"]["PrivateZone"]]
    fitting = [zone for zone in zones if f".{domain}.".endswith(f".{zone['Name']}")]
    if not fitting:
        names = ", ".join(zone["Name"].rstrip(".") for zone in zones) or "none"
        sys.exit(f"{domain} is in no public Route 53 zone of this account; there are: {names}")
    return max(fitting, key=lambda zone: len(zone["Name"]))["Id"].rsplit("/", 1)[-1]


def check(run, steps):
    """Ends with everything that is missing at once."""
    problems = [*_programs(), *_quotas(run.aws), *_mail(run)]
    if not steps:
        there = Remains(run.aws, run.name, run.zone).find()
        problems += [f"the {remainder.kind} {remainder.name} is there: --delete first, or name steps" for remainder in there]
    if problems:
        sys.exit("before the run:\n  " + "\n  ".join(problems))


def _programs():
    for program, why in (("cargo", "to build the functions"), ("node", "for the browser tests"), ("make", "to roll back")):
        if not shutil.which(program):
            yield f"{program} is missing, {why}"
    if not any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))):
        yield "Chromium is missing, for the browser tests (its path can be given as CHROMIUM)"


def _quotas(aws):
    limit = aws("lambda", "get_account_settings")["AccountLimit"]["ConcurrentExecutions"]
    if limit < CONCURRENCY:
        yield (
            f"Lambda runs {limit} functions at once in this account, the run needs {CONCURRENCY}: aws service-quotas"
            " request-service-quota-increase --service-code lambda --quota-code L-B99A9384 --desired-value 1000"
        )
    sending = aws("sesv2", "get_account")
    if not sending["SendingEnabled"]:
        yield "SES has paused sending for this account and region: the console says why"
    quota = sending.get("SendQuota", {})
    left = quota.get("Max24HourSend", 200) - quota.get("SentLast24Hours", 0)
    if 0 <= left < 100:
        yield f"SES sends {left:.0f} more mails today, the run needs 100"


def _mail(run):
    try:
        run.aws("ses", "describe_active_receipt_rule_set")
    except AwsError as error:
        yield f"SES receives no mail in {run.aws.region}: choose another region ({error.code or 'no endpoint'})"
    records = run.aws("route53", "list_resource_record_sets", HostedZoneId=run.zone)["ResourceRecordSets"]
    mail = [record for record in records if record["Name"] == f"{run.domain}." and record["Type"] == "MX"]
    ours = all("inbound-smtp." in value["Value"] for record in mail for value in record.get("ResourceRecords", []))
    if mail and not ours:
        yield f"{run.domain} receives mail already: give a name of its own, such as trial.{run.domain}"


def agreed(run, number):
    """Says what the run makes and costs, and asks."""
    print(f"In account {number}, region {run.aws.region} (CloudFront's stack in us-east-1), under names that begin")
    print(f"with {run.name}, and with DNS records under {run.domain}; SES keeps the domain only for the run.\n")
    for what, dollars in ESTIMATE:
        print(f"  ${dollars:.2f}  {what}")
    total = sum(dollars for _, dollars in ESTIMATE)
    print(f"  ${total:.2f}  in all, by list prices; ${KEPT:.2f} a day while --keep keeps it. It takes about two hours.\n")
    return input("Go on? [y/N] ").strip().lower() in ("y", "yes")


def build(run):
    """Builds what is deployed, and the program for operators."""
    for command in (
        ["infra/build.sh", run.environment.get("ARCH", "arm64")],
        ["cargo", "build", "--quiet", "--locked", "--release", "--package", "vestibule-cli"],
    ):
        if subprocess.run(command, cwd=ROOT).returncode:
            sys.exit(f"{' '.join(command)} failed")
