"""What a run tries on AWS, in this order. Each step can be repeated, and asks the account, not its memory, what is there."""

import datetime
import hashlib
import json
import os
import pathlib
import re
import secrets
import tempfile
import time

import boto3
import botocore.exceptions

from .aws import AwsError
from .inbox import Inbox
from .installation import ROOT, call, program, until
from .measure import bill, cold_starts
from .plan import Failed, Plan
from .remains import VIRGINIA, Remains

PLAN = Plan()
PASSWORD = "Correct-Horse-77"
# As many as show the price of one, within the limit for a client's IP address.
LOGINS = 25
MINUTE = 60


def expect(actual, wanted, what):
    if actual != wanted:
        raise Failed(f"{what}: {actual}, not {wanted}")


@PLAN.step("ses")
def ses(run):
    """CloudFormation takes infra/ses.yaml: its spelling of event types, the destination EventBridge, DMARC, the default set."""
    run.deploy("ses", "infra/ses.yaml", Domain=run.domain, HostedZoneId=run.zone, ConfigurationSetName=run.stack("set"))


@PLAN.step("identity", after=["ses"])
def identity(run):
    """SES verifies the domain by the records of the template, without anything else to do."""

    def verified():
        found = run.aws("sesv2", "get_email_identity", EmailIdentity=run.domain)
        return found["VerifiedForSendingStatus"]

    until(30 * MINUTE, "SES has not verified the domain", verified)


@PLAN.step("inbox", after=["identity"])
def inbox(run):
    """SES receives mail for the domain, so that the run can read what it causes to be sent."""
    run.deploy("inbox", "tests/aws/inbox.yaml", Domain=run.domain, HostedZoneId=run.zone)
    active = run.aws("ses", "describe_active_receipt_rule_set")
    name = active.get("Metadata", {}).get("Name")
    ours = run.output("RuleSet", "inbox")
    if name not in (None, ours):
        raise Failed(f"the account receives mail by the rule set {name}, which the run leaves alone: use another region")
    run.aws("ses", "set_active_receipt_rule_set", RuleSetName=ours)


@PLAN.step("role")
def role(run):
    """CloudFormation makes the roles of infra/deploy-role.yaml, the boundary and the bucket."""
    providers = run.aws("iam", "list_open_id_connect_providers")["OpenIDConnectProviderList"]
    github = [entry["Arn"] for entry in providers if entry["Arn"].endswith("/token.actions.githubusercontent.com")]
    given = {"OidcProviderArn": github[0]} if github else {}
    # No repository can have this name: nobody may take the role from there.
    run.deploy(
        "ci", "infra/deploy-role.yaml", Application=run.name, Repository="-/-", HostedZoneId=run.zone, **given
    )


@PLAN.step("application", after=["role", "identity"])
def application(run):
    """The first deployment passes with CI's role, within the boundary, and with AWS's own keys for table and secrets."""
    account = run.aws("sesv2", "get_account")
    run.deploy_application(
        FrontendUrl=run.frontend,
        AllowedOrigins=run.frontend,
        SenderAddress=run.sender,
        IdentityDomain=run.domain,
        SesSandbox="false" if account["ProductionAccessEnabled"] else "true",
        TokenStrategy="jwt",
        Architecture=os.environ.get("ARCH", "arm64"),
    )
    expect(call("GET", f"{run.api}/_allauth/app/v1/config")[0], 200, "the API's config")


@PLAN.step("preflight", after=["application"])
def preflight(run):
    """A browser's preflight is answered with the CORS headers of the origin."""
    headers = {"Origin": run.frontend, "Access_Control_Request_Method": "POST"}
    status, _, answered = call("OPTIONS", f"{run.api}/_allauth/browser/v1/auth/login", **headers)
    expect(status in (200, 204), True, f"the preflight is answered {status}, which is fine")
    expect(answered["Access-Control-Allow-Origin"], run.frontend, "Access-Control-Allow-Origin")
    expect(answered["Access-Control-Allow-Credentials"], "true", "Access-Control-Allow-Credentials")
    status, _, answered = call("GET", f"{run.api}/_allauth/browser/v1/config", Origin=run.frontend)
    expect("x-csrftoken" in (answered["Access-Control-Expose-Headers"] or "").lower(), True, "X-CSRFToken is exposed")


@PLAN.step("journey", after=["application", "inbox"])
def journey(run):
    """Sign-up, mails, login, reset and second factor work, with templates and an identity's default set."""
    with Inbox(run.aws, run.output("Bucket", "inbox")) as mails:
        run.journey(mails.url)


@PLAN.step("simulator", after=["application"])
def simulator(run):
    """SES reports a bounce and a complaint of its simulator with the tags that the rules match, and both are marked."""
    for kind in ("bounce", "complaint", "success"):
        address = f"{kind}+{secrets.token_hex(4)}@simulator.amazonses.com"
        run.add_user(address, PASSWORD)
        call("POST", f"{run.api}/_allauth/app/v1/auth/password/request", {"email": address})

    def marks():
        found = run.aws(
            "dynamodb",
            "scan",
            TableName=run.output("TableName"),
            FilterExpression="begins_with(pk, :mark)",
            ExpressionAttributeValues={":mark": {"S": "UNDELIVERABLE#"}},
        )
        return len(found["Items"])

    until(20 * MINUTE, "the marks of two email addresses", lambda: marks() == 2)


@PLAN.step("events", after=["simulator"])
def events(run):
    """An event that the function mail can't handle ends in the dead-letter queue after three attempts."""
    event = json.dumps({"detail": "none", "trial": secrets.token_hex(8)})
    run.aws("lambda", "invoke", FunctionName=f"{run.name}-mail:live", InvocationType="Event", Payload=event)
    queue = run.output("DeadLettersUrl")

    def dead():
        found = run.aws("sqs", "receive_message", QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=0)
        return [message for message in found.get("Messages", []) if json.loads(event)["trial"] in message["Body"]]

    for message in until(15 * MINUTE, "the event is not in the queue", dead):
        run.aws("sqs", "delete_message", QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])


@PLAN.step("bus", after=["application"])
def bus(run):
    """The event of a login passes the table's stream, the function events, the bus and a rule, and the history is intact."""
    run.deploy_application(DeliverEvents="true", AuditRetentionDays="14")
    run.deploy("bus", "tests/aws/bus.yaml", EventBusArn=run.output("EventBusArn"))
    address = run.new_address("bus")
    account = run.add_user(address, PASSWORD)
    run.log_in(address, PASSWORD)
    queue = run.output("QueueUrl", "bus")

    def arrived():
        found = run.aws("sqs", "receive_message", QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=20)
        bodies = [json.loads(message["Body"]) for message in found.get("Messages", [])]
        logins = [body for body in bodies if body["detail-type"] == "user.logged_in"]
        return [body for body in logins if body["detail"]["account_id"] == account]

    until(10 * MINUTE, "the event of a login does not arrive", arrived)
    run.vestibule("audit", "verify")


@PLAN.step("operators", after=["application"])
def operators(run):
    """The operators' API answers signed requests of its roles; the reader changes nothing, and a direct invocation is refused."""
    run.deploy_application(OperatorApi="true", AuditRetentionDays="14")
    account = run.aws("sts", "get_caller_identity")["Account"]
    trusted = f"arn:aws:iam::{account}:root"
    run.deploy("operators", "infra/operator-role.yaml", Application=run.name, TrustedPrincipalArn=trusted)
    address = run.new_address("operators")
    user = run.add_user(address, PASSWORD)
    urls = {"OPERATOR_READ_URL": run.output("OperatorReadUrl"), "OPERATOR_URL": run.output("OperatorUrl")}
    expect(call("POST", f"{urls['OPERATOR_READ_URL']}user.find", {"email": address})[0], 403, "a request without a signature")
    reader = _operator(run, run.output("ReaderRoleArn", "operators"))
    writer = _operator(run, run.output("WriterRoleArn", "operators"))

    def found():
        return json.loads(run.read(program(), "user", "find", "--email", address, "--json", **urls, **reader) or "{}")

    # New roles and policies take a while.
    expect(until(2 * MINUTE, "the reader finds the account", lambda: _passes(found))["id"], user, "the account")
    disable = (program(), "user", "disable", "--id", user)
    expect(_passes(lambda: run.read(*disable, **urls, **reader)), None, "the reader disables the account")
    expect(run.read(*disable, **urls, **writer).strip(), user, "the writer disables the account")
    history = json.loads(run.read(program(), "user", "history", "--id", user, **urls, **reader).splitlines()[-1])
    expect((history["type"], history["actor"]["kind"]), ("user.disabled", "operator"), "the history")
    expect("/trial" in history["actor"]["arn"], True, "the history names the operator")
    for function in ("operator-read", "operator"):
        _refuses_direct_invocation(run, writer, f"{run.name}-{function}:live")


@PLAN.step("migration", after=["operators"])
def migration(run):
    """The function imports accounts for its role, which can do nothing else, and is gone after the next deployment."""
    run.deploy_application(Migration="true")
    url = run.output("MigrationUrl")
    importer = _operator(run, run.output("ImporterRoleArn", "operators"))
    addresses = [run.new_address("migration") for _ in range(3)]
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "accounts.jsonl")
        file.write_text("".join(f"{json.dumps(_imported(address))}\n" for address in addresses))
        command = (program(), "import", "jsonl", str(file), "--json")

        def imported():
            return json.loads(run.read(*command, MIGRATION_URL=url, **importer).splitlines()[-1])

        # New roles and policies take a while.
        counts = until(2 * MINUTE, "the importer imports", lambda: _passes(imported))
        expect((counts["added"] + counts["unchanged"], counts["refused"]), (3, 0), "the accounts")
        expect(imported()["unchanged"], 3, "the same accounts again")
    for address in addresses:
        run.log_in(address, IMPORTED_PASSWORD)
    expect(call("POST", f"{url}import", {"accounts": []})[0], 403, "a request without a signature")
    find = (program(), "user", "find", "--email", addresses[0])
    expect(_passes(lambda: run.read(*find, OPERATOR_URL=run.output("OperatorUrl"), **importer)), None, "the importer finds")
    _refuses_direct_invocation(run, importer, f"{run.name}-migration:live")
    run.deploy_application(Migration="false")
    try:
        run.aws("lambda", "get_function", FunctionName=f"{run.name}-migration")
    except AwsError:
        return
    raise Failed("the function migration is still there")


# Of Django, so that the first login replaces its hash.
IMPORTED_PASSWORD = "Correct-Horse-9 é"
IMPORTED_HASH = "pbkdf2_sha256$1000$saltsaltsalt$T3nscPrNXBgq+UY8OgYTojh2hovKPGdaWdHflirfMA8="


def _imported(address):
    emails = [{"email": address, "verified": True, "primary": True}]
    return {"id": f"trial-{secrets.token_hex(8)}", "emails": emails, "password": IMPORTED_HASH}


def _operator(run, role):
    """The credentials of a session of an operator's role, as variables."""

    def assumed():
        name = "trial"
        return _passes(lambda: run.aws("sts", "assume_role", RoleArn=role, RoleSessionName=name, SourceIdentity=name))

    found = until(2 * MINUTE, f"{role} can't be assumed", assumed)["Credentials"]
    names = {"AWS_ACCESS_KEY_ID": "AccessKeyId", "AWS_SECRET_ACCESS_KEY": "SecretAccessKey", "AWS_SESSION_TOKEN": "SessionToken"}
    return {name: found[key] for name, key in names.items()}


def _passes(look):
    """What it returns; None if it is refused."""
    try:
        return look()
    except (AwsError, Failed):
        return None


def _refuses_direct_invocation(run, credentials, function):
    client = boto3.client(
        "lambda",
        region_name=run.aws.region,
        aws_access_key_id=credentials["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=credentials["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=credentials["AWS_SESSION_TOKEN"],
    )
    try:
        client.invoke(FunctionName=function, Payload=b"{}")
    except botocore.exceptions.ClientError as error:
        expect(error.response["Error"]["Code"], "AccessDeniedException", f"a direct invocation of {function}")
    else:
        raise Failed(f"a direct invocation of {function} is not refused")


@PLAN.step("tags", after=["application"])
def tags(run):
    """A deployment that changes nothing but the stack's tags passes, on the stage and the secrets too."""
    run.deploy_application(tags={"application": run.name, "trial": secrets.token_hex(4)})


@PLAN.step("guarded", after=["application"])
def guarded(run):
    """The example is deployed with both its routes, and its authorizers let in whom they should."""
    # API Gateway reads the keys when it makes the authorizer.
    keys = f"{run.api}/.well-known/jwks.json"
    until(5 * MINUTE, "the keys of tokens are not published", lambda: call("GET", keys)[0] == 200)
    command = ["sam", "deploy", "--stack-name", run.stack("example")]
    command += ["--template-file", "examples/guarded-api/template.yaml", "--region", run.aws.region]
    command += ["--no-confirm-changeset", "--no-resolve-s3", "--s3-bucket", run.output("PackagesBucket", "ci")]
    command += ["--parameter-overrides", f"Issuer={run.api}", f"AuthorizerArn={run.output('AuthorizerArn')}"]
    command += [f"AllowedOrigins={run.frontend}", f"Architecture={os.environ.get('ARCH', 'arm64')}"]
    run.run(*command)
    _check_guarded(run)


def _check_guarded(run):
    url = run.output("Url", "example")
    address = run.new_address("guarded")
    run.add_user(address, PASSWORD)
    meta = run.log_in(address, PASSWORD)["meta"]
    bearer, session = f"Bearer {meta['access_token']}", meta["session_token"]
    expect(call("GET", f"{url}/by-token")[0], 401, "by token, without one")
    expect(call("GET", f"{url}/by-token", Authorization=bearer)[0], 200, "by token")
    expect(call("GET", f"{url}/by-session", X_Session_Token=session)[0], 200, "by session")
    expect(call("GET", f"{url}/by-session", X_Session_Token="none")[0], 403, "by session, with none")
    headers = {"Origin": run.frontend, "Access_Control_Request_Method": "POST"}
    status, _, answered = call("OPTIONS", f"{url}/by-session", **headers)
    expect((status, answered["Access-Control-Allow-Origin"]), (204, run.frontend), "a preflight by session")


@PLAN.step("alarms", after=["application"])
def alarms(run):
    """CloudFormation takes infra/alarms.yaml, and no alarm lacks data after a minute's traffic."""
    named = {key: run.output(key) for key in ("ApiId", "TableName", "DeadLettersName")}
    run.deploy("alarms", "infra/alarms.yaml", Application=run.name, Email=f"alarms@{run.domain}", **named)

    def decided():
        found = run.aws("cloudwatch", "describe_alarms", AlarmNamePrefix=f"{run.name}-")
        kinds = found["MetricAlarms"] + found.get("CompositeAlarms", [])
        states = {alarm["AlarmName"]: alarm["StateValue"] for alarm in kinds}
        return states if states and "INSUFFICIENT_DATA" not in states.values() else None

    states = until(20 * MINUTE, "alarms have insufficient data", decided)
    ringing = [name for name, state in states.items() if state == "ALARM"]
    return f"{len(states)} alarms; in alarm: {', '.join(ringing) or 'none'}"


@PLAN.step("sparse", after=["alarms"])
def sparse(run):
    """An alarm on two metrics fires on one of them while the other never had data."""
    data = [{"MetricName": "MailsDroppedInAll", "Value": 1}]
    name = f"{run.name}-mail-dropped"

    def fires():
        # In each period that may be evaluated.
        run.aws("cloudwatch", "put_metric_data", Namespace=run.name, MetricData=data)
        found = run.aws("cloudwatch", "describe_alarms", AlarmNames=[name])["MetricAlarms"]
        return found[0]["StateValue"] == "ALARM"

    until(20 * MINUTE, f"the alarm {name} does not fire", fires)


@PLAN.step("probe", after=["application"])
def probe(run):
    """The scheduled login works with the generated password, by CI's role, and leaves no session."""
    address = run.new_address("probe")
    run.deploy_application(ProbeEmail=address)
    secret = run.aws("secretsmanager", "get_secret_value", SecretId=run.output("ProbeCredentialsArn"))
    password = json.loads(secret["SecretString"])["password"]
    run.add_user(address, password)
    since = datetime.datetime.now(datetime.UTC)

    def outcome():
        found = run.aws(
            "logs",
            "filter_log_events",
            logGroupName=f"/aws/lambda/{run.name}-probe",
            startTime=int(since.timestamp() * 1000),
            filterPattern='"login works"',
        )
        return found["events"]

    until(15 * MINUTE, "no scheduled login works", outcome)
    token = run.log_in(address, password)["meta"]["session_token"]
    sessions = call("GET", f"{run.api}/_allauth/app/v1/auth/sessions", X_Session_Token=token)[1]
    expect(len(sessions["data"]), 1, "the sessions of the account")


@PLAN.step("domain", after=["application"])
def domain(run):
    """The first custom domain of an account is made by CI's role, with its record, by IPv4 and IPv6."""
    name = f"{run.name}.{run.domain}"
    run.deploy_application(DomainName=name, CertificateArn=_certificate(run, name), HostedZoneId=run.zone)
    url = f"https://{name}/_allauth/app/v1/config"

    def answers():
        try:
            return call("GET", url)[0] == 200
        except Failed:
            return False

    until(15 * MINUTE, f"{url} does not answer", answers)


def _certificate(run, name):
    """A certificate for the name, validated by a record that the run adds."""
    found = run.aws("acm", "list_certificates")["CertificateSummaryList"]
    arn = next((entry["CertificateArn"] for entry in found if entry["DomainName"] == name), None)
    if not arn:
        arn = run.aws("acm", "request_certificate", DomainName=name, ValidationMethod="DNS")["CertificateArn"]

    def described():
        return run.aws("acm", "describe_certificate", CertificateArn=arn)["Certificate"]

    def record():
        return described()["DomainValidationOptions"][0].get("ResourceRecord")

    wanted = until(5 * MINUTE, "ACM names no record", record)
    values = [{"Value": wanted["Value"]}]
    change = {"Name": wanted["Name"], "Type": wanted["Type"], "TTL": 60, "ResourceRecords": values}
    batch = {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": change}]}
    run.aws("route53", "change_resource_record_sets", HostedZoneId=run.zone, ChangeBatch=batch)
    until(30 * MINUTE, "ACM does not issue the certificate", lambda: described()["Status"] == "ISSUED")
    return arn


@PLAN.step("cloudfront", after=["domain"])
def cloudfront(run):
    """One public URL: CloudFront passes on cookies and headers, and who bypasses it is refused."""
    verify = secrets.token_hex(32)
    host = run.output("ApiHost")
    run.deploy("edge", "infra/cloudfront.yaml", VIRGINIA, ApiHost=host, FrontendHost=host, OriginVerify=verify)
    url = run.aws.outputs(run.stack("edge"), VIRGINIA)["PublicUrl"]
    run.deploy_application(
        PublicUrl=url,
        TrustedProxyCount="2",
        OriginVerifySha256=hashlib.sha256(verify.encode()).hexdigest(),
        FrontendUrl=url,
        AllowedOrigins=url,
    )
    expect(call("GET", f"{url}/_allauth/browser/v1/config")[0], 200, "through CloudFront")
    expect(call("GET", f"https://{host}/_allauth/browser/v1/config")[0], 403, "past CloudFront")


@PLAN.step("behind", after=["cloudfront", "inbox"])
def behind(run):
    """The journey works through CloudFront, and a session has the client's own IP address."""
    with Inbox(run.aws, run.output("Bucket", "inbox")) as mails:
        run.journey(mails.url)
    address = run.new_address("behind")
    run.add_user(address, PASSWORD)
    token = run.log_in(address, PASSWORD)["meta"]["session_token"]
    sessions = call("GET", f"{run.api}/_allauth/app/v1/auth/sessions", X_Session_Token=token)[1]
    own = call("GET", "https://checkip.amazonaws.com")[1].get("text", "").strip()
    seen = sessions["data"][0]["ip"]
    if ":" not in seen:
        expect(seen, own, "the IP address of the session")


@PLAN.step("passkeys", after=["cloudfront", "inbox"])
def passkeys(run):
    """Chromium makes and uses passkeys at the public URL, whose host is the relying party."""
    settings = ROOT / "target" / f"{run.name}.json"
    settings.write_text(json.dumps(BROWSER_SETTINGS))
    _pack(run, settings)
    try:
        run.deploy_application(EmailVerificationByCode="true")
    finally:
        _pack(run)
    with Inbox(run.aws, run.output("Bucket", "inbox")) as mails:
        run.run(
            "tests/clients/run",
            "passkeys.test.js",
            VESTIBULE_API=run.api,
            VESTIBULE_INBOX=mails.url,
            VESTIBULE_MAIL_DOMAIN=run.domain,
            VESTIBULE=program(),
        )


# What tests/clients/passkeys.test.js starts its own stack with; the template has no parameters for it.
BROWSER_SETTINGS = {
    "MFA_SUPPORTED_TYPES": '["totp", "webauthn", "recovery_codes"]',
    "MFA_PASSKEY_LOGIN_ENABLED": "true",
    "MFA_PASSKEY_SIGNUP_ENABLED": "true",
    "ACCOUNT_EMAIL_NOTIFICATIONS": "true",
    "ACCOUNT_RATE_LIMITS": "false",
    "MFA_RATE_LIMITS": "false",
}


def _pack(run, *file):
    """Writes a settings file into the functions' packages, as docs/deploy.md says; that of the repository by default."""
    run.run(program(), "settings", "pack", *file)


@PLAN.step("secret-key", after=["application"])
def secret_key(run):
    """SECRET_KEY is rotated while it runs; an account of before logs in after the old key is replaced."""
    address = run.new_address("rotated")
    run.add_user(address, PASSWORD)
    token = run.log_in(address, PASSWORD)["meta"]["session_token"]
    run.vestibule("secret-key", "rotate", "add")
    run.deploy_application(Restarted=secrets.token_hex(4))
    for step in ("wait", "promote", "reseal"):
        run.vestibule("secret-key", "rotate", step, "--restarted")
    status = call("GET", f"{run.api}/_allauth/app/v1/auth/session", X_Session_Token=token)[0]
    expect(status, 200, "the session of before the rotation")
    run.log_in(address, PASSWORD)


@PLAN.step("token-keys", after=["guarded"])
def token_keys(run):
    """Secrets Manager rotates the keys of tokens by the function, and API Gateway takes tokens of both."""
    address = run.new_address("tokens")
    run.add_user(address, PASSWORD)
    bearer = f"Bearer {run.log_in(address, PASSWORD)['meta']['access_token']}"
    resources = run.aws("cloudformation", "describe_stack_resource", StackName=run.name, LogicalResourceId="TokenKeys")
    secret = resources["StackResourceDetail"]["PhysicalResourceId"]
    before = run.aws("secretsmanager", "describe_secret", SecretId=secret)["VersionIdsToStages"]
    run.aws("secretsmanager", "rotate_secret", SecretId=secret)

    def rotated():
        stages = run.aws("secretsmanager", "describe_secret", SecretId=secret)["VersionIdsToStages"]
        return [version for version, labels in stages.items() if "AWSCURRENT" in labels and version not in before]

    until(5 * MINUTE, "the secret has no new version", rotated)
    run.deploy_application(Restarted=secrets.token_hex(4))
    url = run.output("Url", "example")
    expect(call("GET", f"{url}/by-token", Authorization=bearer)[0], 200, "a token of before the rotation")
    bearer = f"Bearer {run.log_in(address, PASSWORD)['meta']['access_token']}"
    expect(call("GET", f"{url}/by-token", Authorization=bearer)[0], 200, "a token of after it")


@PLAN.step("rollback", after=["secret-key"])
def rollback(run):
    """`make rollback` brings back the versions before, which work with what the later ones have written, and undoes that."""
    address = run.new_address("rollback")
    run.add_user(address, PASSWORD)
    for arguments in ("ARGS=", "ARGS=undo"):
        run.run("make", "rollback", f"STACK={run.name}", arguments, AWS_REGION=run.aws.region)
        run.log_in(address, PASSWORD)


@PLAN.step("restore", after=["application", "inbox"])
def restore(run):
    """infra/restore makes a table of an earlier second with stream, expiry and recovery, and mail is sent from it."""
    address, late = run.new_address("early"), run.new_address("late")
    run.add_user(address, PASSWORD)
    time.sleep(5)
    moment = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    time.sleep(5)
    run.add_user(late, PASSWORD)
    old = run.output("TableName")
    began = time.monotonic()

    def restorable():
        found = run.aws("dynamodb", "describe_continuous_backups", TableName=old)["ContinuousBackupsDescription"]
        latest = found["PointInTimeRecoveryDescription"].get("LatestRestorableDateTime")
        return latest and latest > moment

    _limit(run, 0, 0)
    refused = until(2 * MINUTE, "requests pass", lambda: call("GET", f"{run.api}/_allauth/app/v1/config")[0] == 429)
    expect(refused, True, "requests are refused meanwhile")
    until(30 * MINUTE, f"{moment} can't be restored to", restorable)
    printed = run.read("infra/restore", moment.strftime("%Y-%m-%dT%H:%M:%SZ"), run.name)
    parameters = dict(re.findall(r"(Restored\w+Arn)=([^\s\"]+)", printed))
    run.deploy_application(EmailVerificationByCode="false", **parameters)
    _limit(run, 200, 400)
    minutes = (time.monotonic() - began) / 60
    run.log_in(address, PASSWORD)
    status = call("POST", f"{run.api}/_allauth/app/v1/auth/login", {"email": late, "password": PASSWORD})[0]
    expect(status, 400, "the login of an account of after the restored second")
    with Inbox(run.aws, run.output("Bucket", "inbox")) as mails:
        run.journey(mails.url)
    return f"{minutes:.0f} minutes until it ran on the restored table"


def _limit(run, rate, burst):
    """Lets this many requests through, as docs/deploy.md stops writes by it."""
    settings = {"ThrottlingRateLimit": rate, "ThrottlingBurstLimit": burst}
    run.aws("apigatewayv2", "update_stage", ApiId=run.output("ApiId"), StageName="$default", DefaultRouteSettings=settings)


@PLAN.step("cold-starts", after=["application"])
def starts(run):
    """How long each function takes to start, as Lambda reports it."""
    return cold_starts(run)


@PLAN.step("bill", after=["guarded"])
def costs(run):
    """What a thousand logins, and a thousand checks of sessions, use and cost, by CloudWatch's figures."""
    address = run.new_address("bill")
    run.add_user(address, PASSWORD)
    token = run.log_in(address, PASSWORD)["meta"]["session_token"]
    checked = f"{run.output('Url', 'example')}/by-session"
    login = bill(run, LOGINS, lambda: run.log_in(address, PASSWORD))
    check = bill(run, LOGINS, lambda: call("GET", checked, X_Session_Token=token))
    return f"1,000 logins: ${login:.4f}; 1,000 checks: ${check:.4f}; without mail, logs and data transfer"


@PLAN.step("logs", after=["application"])
def late_logs(run):
    """No function may make its own log group, so that a late line can't bring back one that was deleted."""
    try:
        name = f"/aws/lambda/{run.name}-config"
        role_arn = run.aws("lambda", "get_function_configuration", FunctionName=f"{run.name}-config")["Role"]
        verdict = run.aws(
            "iam",
            "simulate_principal_policy",
            PolicySourceArn=role_arn,
            ActionNames=["logs:CreateLogGroup"],
            ResourceArns=[f"arn:aws:logs:{run.aws.region}:{role_arn.split(':')[4]}:log-group:{name}"],
        )["EvaluationResults"][0]["EvalDecision"]
    except AwsError as error:
        raise Failed(str(error)) from error
    expect(verdict, "implicitDeny", "logs:CreateLogGroup")


def delete(run):
    """Deletes everything that the run, or an earlier one of its name, has made."""
    return Remains(run.aws, run.name, run.zone).delete()
