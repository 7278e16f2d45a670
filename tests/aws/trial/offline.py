"""What can be tried without an account: the programs of the repository against moto's AWS and the local stack."""

import contextlib
import json
import os
import pathlib
import secrets
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse

import boto3

from . import documents
from .aws import Aws
from .cloudformation import Stacks
from .inbox import Inbox
from .installation import ROOT, Installation, call, program, until
from .plan import Failed, Plan, interruptible, table
from .remains import Remains
from .steps import PASSWORD, expect

PLAN = Plan()
NAME = "vestibule-trial-1"
REGION = "eu-west-1"
DOMAIN = "trial.example.com"


@PLAN.step("own-tests")
def own_tests(run):
    """The run itself: order, deletion, interruption, errors, the table."""
    suite = unittest.defaultTestLoader.discover(str(ROOT / "tests/aws"), pattern="test_*.py")
    outcome = unittest.TextTestRunner(stream=sys.stderr).run(suite)
    expect(outcome.wasSuccessful() and outcome.testsRun > 0, True, "the tests of tests/aws pass")
    return f"{outcome.testsRun} tests"


@PLAN.step("commands")
def commands(run):
    """The commands of the documents have options of the AWS CLI and SAM, and parameters and outputs of the templates."""
    faults, calls = documents.faults()
    expect(faults, [], "what is wrong with them")
    expect(calls > 80, True, f"{calls} are found")
    return f"{calls} commands"


@PLAN.step("journey")
def journey(run):
    """The journey that AWS is to answer passes on the local stack."""
    run.run(sys.executable, "tests/sam/journey.py", run.local["api"], run.local["inbox"], VESTIBULE_MAIL_DOMAIN=DOMAIN)


@PLAN.step("inbox")
def inbox(run):
    """The mails that SES puts into a bucket are read as the journey reads them."""
    run.aws("s3", "create_bucket", Bucket=f"{NAME}-mails", CreateBucketConfiguration={"LocationConstraint": REGION})
    sent = f"To: Ann <ann@{DOMAIN}>\r\nSubject: =?utf-8?q?Caf=C3=A9?=\r\nMIME-Version: 1.0\r\n"
    sent += "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    sent += "https://a.example/key/1=3A2=\r\n-3\r\n"
    run.aws("s3", "put_object", Bucket=f"{NAME}-mails", Key="one", Body=sent.encode())
    with Inbox(run.aws, f"{NAME}-mails") as mails:
        (summary,) = call("GET", f"{mails.url}/api/v1/messages")[1]["messages"]
        mail = call("GET", f"{mails.url}/api/v1/message/{summary['ID']}")[1]
    expect((mail["Subject"], mail["To"][0]["Address"]), ("Café", f"ann@{DOMAIN}"), "the mail's subject and recipient")
    expect(mail["Text"].strip(), "https://a.example/key/1:2-3", "the mail's text")


@PLAN.step("restore")
def restore(run):
    """infra/restore gives a restored table stream, expiry, recovery, protection and tag, and can be interrupted."""
    old = f"{NAME}-Table-ABC"
    _make_table(run, old)
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    printed = run.read("infra/restore", moment, NAME)
    new = f"{NAME}-restored-{''.join(filter(str.isdigit, moment))}"
    made = run.aws("dynamodb", "describe_table", TableName=new)["Table"]
    expect(made["StreamSpecification"], {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}, "the stream")
    expect(made["DeletionProtectionEnabled"], True, "the protection from deletion")
    expiry = run.aws("dynamodb", "describe_time_to_live", TableName=new)["TimeToLiveDescription"]
    expect((expiry["TimeToLiveStatus"], expiry["AttributeName"]), ("ENABLED", "expires_at"), "the expiry")
    backups = run.aws("dynamodb", "describe_continuous_backups", TableName=new)["ContinuousBackupsDescription"]
    recovery = backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]
    expect(recovery, "ENABLED", "the recovery")
    tags = run.aws("dynamodb", "list_tags_of_resource", ResourceArn=made["TableArn"])["Tags"]
    expect({"Key": "application", "Value": NAME} in tags, True, "the tag")
    item = run.aws("dynamodb", "get_item", TableName=new, Key=ITEM_KEY)["Item"]
    expect(item["pk"], {"S": "USER#1"}, "the item")
    line = f"RestoredTableArn={made['TableArn']} RestoredTableStreamArn={made['LatestStreamArn']}"
    expect(line in printed, True, f"{printed!r} deploys on the restored table")
    expect(run.read("infra/restore", moment, NAME), printed, "what it prints when it is run again")


ITEM_KEY = {"pk": {"S": "USER#1"}, "sk": {"S": "ACCOUNT"}}


def _make_table(run, name):
    """The table of the application, and a stack that names it."""
    attributes = [{"AttributeName": key, "AttributeType": "S"} for key in ("pk", "sk")]
    schema = [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
    run.aws(
        "dynamodb",
        "create_table",
        TableName=name,
        AttributeDefinitions=attributes,
        KeySchema=schema,
        BillingMode="PAY_PER_REQUEST",
        DeletionProtectionEnabled=True,
    )
    run.aws("dynamodb", "put_item", TableName=name, Item=ITEM_KEY)
    specification = {"PointInTimeRecoveryEnabled": True}
    run.aws("dynamodb", "update_continuous_backups", TableName=name, PointInTimeRecoverySpecification=specification)
    run.stacks.outputs[NAME] = {"TableName": name}


@PLAN.step("runbook")
def runbook(run):
    """On a table as it was, what the runbook says is there, is lost, and is to be done again, by the operators' commands."""
    key = secrets.token_urlsafe(48)
    with local_stack(SECRET_KEY=key) as old, local_stack(SECRET_KEY=key) as new:
        for name in ("ann", "bea", "dan"):
            operate(old, "user", "add", "--email", address(name), "--password", PASSWORD)
        ann, dan = log_in(old, "ann"), log_in(old, "dan")
        expect(app(old, "POST", "auth/signup", {"email": address("eve"), "password": PASSWORD})[0], 401, "eve's sign-up")
        items = table_of(old).scan()["Items"]

        # What happens after the second that is restored to.
        operate(old, "user", "delete", "--email", address("bea"))
        operate(old, "user", "add", "--email", address("cid"), "--password", PASSWORD)
        app(old, "DELETE", "auth/session", token=dan)
        for item in items:
            table_of(new).put_item(Item=item)

        expect(app(new, "GET", "auth/session", token=ann)[0], 200, "a session of then")
        log_in(new, "ann")
        link = mail(old, "eve")["Text"].split("verify-email/")[1].split()[0]
        expect(app(new, "POST", "auth/email/verify", {"key": urllib.parse.unquote(link)})[0], 401, "a link of then")
        log_in(new, "eve")
        expect(app(new, "GET", "auth/session", token=dan)[0], 200, "a session that ended since is back")
        operate(new, "user", "disable", "--email", address("dan"))
        operate(new, "user", "enable", "--email", address("dan"))
        ended = app(new, "GET", "auth/session", token=dan)[1]
        expect(ended["meta"]["is_authenticated"], False, "until the account was disabled and enabled")
        log_in(new, "bea")
        operate(new, "user", "delete", "--email", address("bea"))
        expect(log_in(new, "bea", status=400), None, "a deleted account is deleted once more")
        expect(log_in(new, "cid", status=400), None, "an account of later is lost")
        expect(app(new, "POST", "auth/signup", {"email": address("cid"), "password": PASSWORD})[0], 401, "its new sign-up")
        expect("verify-email/" in mail(new, "cid")["Text"], True, "mail is sent")


@PLAN.step("operators")
def operators(run):
    """The operators' API carries out what the steps on AWS ask of it, for who has the token, and records who it was."""
    with tempfile.TemporaryDirectory() as folder, local_stack(folder, AUDIT_RETENTION_DAYS="14") as local:
        token = pathlib.Path(folder, "operator-token").read_text()

        def ask(operation, body, status=200, bearer=token):
            url = f"{local['operator']}/{operation}"
            answered, answer, _ = call("POST", url, body, Authorization=f"Bearer {bearer}")
            expect(answered, status, operation)
            return answer.get("data", {})

        user = ask("user.add", {"email": address("ann"), "password": PASSWORD})["id"]
        ask("read/user.find", {"email": address("ann")}, 403, "none")
        expect(ask("read/user.find", {"email": address("ann")})["users"][0]["id"], user, "the account")
        ask("read/user.disable", {"id": user}, 403)
        ask("user.disable", {"id": user})
        latest = ask("read/user.history", {"id": user})["events"][0]
        expect((latest["type"], latest["actor"]), ("user.disabled", {"kind": "operator", "id": "local"}), "the history")
        emails = [{"email": address("bea"), "verified": True, "primary": True}]
        batch = {"accounts": [{"id": "bea", "emails": emails}, {"id": "cid", "unknown": True}]}
        ask("migration/import", batch, 403, "none")
        outcomes = ask("migration/import", batch)["outcomes"]
        expect([outcome["outcome"] for outcome in outcomes], ["added", "refused"], "the import")


def address(name):
    return f"{name}@{DOMAIN}"


def app(local, method, path, body=None, token=None):
    headers = {"X_Session_Token": token} if token else {}
    return call(method, f"{local['api']}/_allauth/app/v1/{path}", body, **headers)


def log_in(local, name, status=200):
    """Logs in, or is refused with this status; the session token."""
    answered, body, _ = app(local, "POST", "auth/login", {"email": address(name), "password": PASSWORD})
    expect(answered, status, f"{name}'s login")
    return body.get("meta", {}).get("session_token")


def mail(local, name):
    """The last mail to somebody."""

    def last():
        found = call("GET", f"{local['inbox']}/api/v1/messages")[1]["messages"]
        return next((entry["ID"] for entry in found if entry["To"][0]["Address"] == address(name)), None)

    return call("GET", f"{local['inbox']}/api/v1/message/{until(30, 'no mail', last)}")[1]


def operate(local, *arguments):
    """An operator's command on the table of a local stack."""
    variables = {"TABLE_NAME": local["table"], "AWS_ENDPOINT_URL_DYNAMODB": local["dynamodb"], "AWS_REGION": local["region"]}
    variables |= {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "FRONTEND_URL": "http://localhost:3000"}
    done = subprocess.run([program(), *arguments], env=os.environ | variables, capture_output=True, text=True)
    expect(done.returncode, 0, f"{' '.join(arguments)}: {done.stderr.strip()}")


def table_of(local):
    testing = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": local["region"]}
    return boto3.resource("dynamodb", endpoint_url=local["dynamodb"], **testing).Table(local["table"])


@PLAN.step("deletion", after=["restore", "inbox"])
def deletion(run):
    """Everything of the run is deleted, what stacks retain and protect too, and nothing of another installation."""
    others = f"{NAME}0"
    run.stacks.outputs[others] = {}
    run.aws("secretsmanager", "create_secret", Name=f"{others}/secret-key/1", SecretString="k")
    run.aws("logs", "create_log_group", logGroupName=f"/aws/lambda/{others}-login")
    run.aws("logs", "create_log_group", logGroupName=f"/aws/lambda/{NAME}-login")
    run.aws("secretsmanager", "create_secret", Name=f"{NAME}/secret-key/1", SecretString="k")
    before = {remainder.kind for remainder in Remains(run.aws, NAME).find()}
    expect(before, {"stack", "table", "secret", "bucket", "log group"}, "what the steps before have made")
    expect(Remains(run.aws, NAME).delete(), [], "what is left")
    kept = {remainder.kind for remainder in Remains(run.aws, others).find()}
    expect(kept, {"stack", "secret", "log group"}, "what another installation keeps")


@contextlib.contextmanager
def moto():
    """moto's server, at its URL."""
    code = "from moto.server import main; main()"
    with subprocess.Popen([sys.executable, "-c", code, "-p", "0"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as server:
        try:
            url = next((line.split()[-1] for line in server.stderr if "Running on http" in line), None)
            if not url:
                raise Failed("moto does not start")
            # What it logs would fill the pipe.
            with subprocess.Popen(["cat"], stdin=server.stderr, stdout=subprocess.DEVNULL):
                yield url
                server.terminate()
        finally:
            server.kill()


@contextlib.contextmanager
def local_stack(folder=None, **settings):
    """`vestibule serve` at free ports, with these settings: its endpoints."""
    with contextlib.nullcontext(folder) if folder else tempfile.TemporaryDirectory() as folder:
        ports = ["--port=0", "--inbox-port=0", "--dynamodb-port=0", "--operator-port=0"]
        # As template.yaml has it.
        environment = os.environ | {"ACCOUNT_REAUTHENTICATION_REQUIRED": "true"} | settings
        command = [program(), "serve", "--ephemeral", "--data-dir", folder, *ports]
        # Its console shows every mail.
        log = open(pathlib.Path(folder, "log"), "w+")  # noqa: SIM115
        stack = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        file = pathlib.Path(folder, "endpoints.json")

        def endpoints():
            if stack.poll() is not None:
                log.seek(0)
                raise Failed(f"vestibule serve ended with {stack.returncode}:\n{log.read()}")
            return json.loads(file.read_text()) if file.exists() else None

        try:
            yield until(60, "the local stack does not answer", endpoints)
        finally:
            stack.send_signal(signal.SIGTERM)
            stack.wait(30)
            log.close()


def main(names=()):
    """Runs the steps, or those of these names; the exit code."""
    interruptible()
    if not os.path.exists(program()):
        sys.exit(f"{program()} is missing: cargo build --release --package vestibule-cli makes it")
    stacks = Stacks()
    with moto() as url, stacks.served() as stacks_url, local_stack() as local:
        run = Installation(Aws(REGION, url, {"cloudformation": stacks_url}), NAME, DOMAIN, None)
        run.local, run.stacks = local, stacks
        results = PLAN.execute(run, names)
    print(table(results))
    return 0 if all(result.outcome == "passed" for result in results) else 1
