"""Tries Vestibule on AWS, in an account of yours, and deletes everything it made.

    tests/aws/run --region eu-west-1 --domain trial.example.com    asks before it makes anything
    tests/aws/run --offline                                        what needs no account, on this machine

The domain is a name in a Route 53 zone of the account that receives no mail: SES sends and receives by it.
"""

import argparse
import os
import pathlib
import sys

from . import offline, prepare, steps
from .aws import Aws, AwsError
from .installation import ROOT, Installation
from .plan import interruptible, say, table
from .remains import Remains


def arguments():
    parser = argparse.ArgumentParser(prog="tests/aws/run", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("steps", nargs="*", help="only these steps, of a run that was kept, or of --offline")
    parser.add_argument("--offline", action="store_true", help="what needs no account")
    parser.add_argument("--list", action="store_true", help="print the steps as a table, and end")
    parser.add_argument("--delete", action="store_true", help="only delete what runs of this name have left behind")
    parser.add_argument("--keep", action="store_true", help="delete nothing at the end, to look at it, or to run steps again")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--region", default=os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION"))
    parser.add_argument("--domain", help="a name in a Route 53 zone of the account, without mail of its own")
    parser.add_argument("--name", default="vestibule-trial-1", help="the beginning of all names [vestibule-trial-1]")
    return parser.parse_args()


def document(plan):
    """The steps as docs/trial.md has them."""
    rows = ["| step | what it shows | on AWS |", "|---|---|---|"]
    return "\n".join(rows + [f"| `{step.name}` | {step.shows.rstrip('.')} | untried |" for step in plan.steps])


def on_aws(given):
    if not given.region:
        sys.exit("give --region, or set AWS_REGION")
    aws = Aws(given.region)
    account = prepare.account(aws)
    if given.delete:
        zone = prepare.zone(aws, given.domain) if given.domain else None
        return 1 if left(Remains(aws, given.name, zone).delete()) else 0
    if not given.domain:
        sys.exit("give --domain: a name in a Route 53 zone of the account, without mail of its own")
    run = Installation(aws, given.name, given.domain, prepare.zone(aws, given.domain))
    prepare.check(run, given.steps)
    if not given.yes and not prepare.agreed(run, account):
        sys.exit("nothing was made")
    prepare.build(run)
    return finish(run, steps.PLAN, given)


def finish(run, plan, given):
    """Runs the steps, deletes what they made whatever happened, and prints the table."""
    interruptible()
    results, code = [], 1
    try:
        results = plan.execute(run, given.steps)
        code = 0 if all(result.outcome == "passed" for result in results) else 1
    finally:
        if results:
            print(table(results))
            save(run, results)
        if given.keep:
            say(f"kept: tests/aws/run --delete --name {run.name} --region {run.aws.region} --domain {run.domain} deletes it")
        elif left(deleted(run)):
            code = 1
    return code


def deleted(run):
    """What is there after the deletion, which a second Ctrl-C ends."""
    say("deleting everything; Ctrl-C stops that")
    remains = Remains(run.aws, run.name, run.zone)
    try:
        return remains.delete()
    except KeyboardInterrupt:
        return [(remainder, "interrupted") for remainder in remains.find()]


def left(remainders):
    """Prints what is still there, and how to delete it."""
    if not remainders:
        say("nothing of the run is left (DynamoDB keeps backups of deleted tables for 35 days, without charge)")
    for remainder, reason in remainders:
        print(f"LEFT: the {remainder.kind} {remainder.name}{f' ({reason})' if reason else ''}\n  {remainder.command}")
    return bool(remainders)


def save(run, results):
    path = ROOT / "target" / f"{run.name}.md"
    path.parent.mkdir(exist_ok=True)
    path.write_text(table(results) + "\n")
    say(f"the table is in {path.relative_to(pathlib.Path.cwd()) if path.is_relative_to(pathlib.Path.cwd()) else path}")


def main():
    given = arguments()
    if given.list:
        print(document(steps.PLAN))
        return 0
    if given.offline:
        return offline.main(given.steps)
    try:
        return on_aws(given)
    except AwsError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    sys.exit(main())
