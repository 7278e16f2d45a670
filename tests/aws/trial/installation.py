"""The installation that a run makes: its stacks, its variables, and calls to it."""

import http.client
import json
import os
import pathlib
import secrets
import subprocess
import sys
import time
import urllib.error
import urllib.request

from .aws import AwsError
from .plan import Failed, say

ROOT = pathlib.Path(__file__).resolve().parents[3]


def program():
    """The program `vestibule`."""
    return os.environ.get("VESTIBULE", str(ROOT / "target/release/vestibule"))



class Installation:
    """What a run made in an account, under its name."""

    def __init__(self, aws, name, domain, zone):
        self.aws, self.name, self.domain, self.zone = aws, name, domain, zone
        self.sender = f"no-reply@{domain}"

    @property
    def environment(self):
        """Of the programs that run beside the CLI: the same place."""
        return self.aws.environment | {"SAM_CLI_TELEMETRY": "0"}

    # Stacks

    def stack(self, part):
        return f"{self.name}-{part}"

    def output(self, key, part=None):
        """An output of the application, or of the stack for a part."""
        outputs = self.aws.outputs(self.stack(part) if part else self.name)
        if key not in outputs:
            raise Failed(f"the stack has no output {key}, but {', '.join(outputs)}")
        return outputs[key]

    def deploy(self, part, template, region=None, **parameters):
        """`aws cloudformation deploy` of a template beside the application; says what failed where it does."""
        name = self.stack(part)
        self._remove_what_was_rolled_back(name, region)
        command = ["aws", "cloudformation", "deploy", "--stack-name", name, "--template-file", str(ROOT / template)]
        command += ["--no-fail-on-empty-changeset", "--region", region or self.aws.region]
        command += ["--capabilities", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
        if parameters:
            command += ["--parameter-overrides", *(f"{key}={value}" for key, value in parameters.items())]
        self._run_deployment(command, name, region)

    def deploy_application(self, tags=None, **parameters):
        """`infra/deploy` as CI calls it: by CloudFormation's role, within the boundary. What is not given stays."""
        self._remove_what_was_rolled_back(self.name)
        outputs = self.aws.outputs(self.stack("ci"))
        command = ["infra/deploy", "--config-env", "ci", "--stack-name", self.name, "--region", self.aws.region]
        command += ["--s3-bucket", outputs["PackagesBucket"], "--role-arn", outputs["ExecutionRoleArn"]]
        command += ["--tags", " ".join(f"{key}={value}" for key, value in (tags or {"application": self.name}).items())]
        parameters = {"PermissionsBoundaryArn": outputs["BoundaryArn"], **parameters}
        command += ["--parameter-overrides", *(f"{key}={value}" for key, value in parameters.items())]
        self._run_deployment(command, self.name)

    def _run_deployment(self, command, name, region=None):
        say(f"deploying {name}")
        done = subprocess.run(command, cwd=ROOT, env=self.environment)
        if done.returncode:
            raise Failed(f"{name} was not deployed: {self._first_failure(name, region)}")

    def _first_failure(self, name, region):
        """The resource that failed first: the others are cancelled because of it."""
        try:
            events = self.aws("cloudformation", "describe_stack_events", region, StackName=name)["StackEvents"]
        except AwsError as error:
            return str(error).splitlines()[0]
        for event in events:
            if event["ResourceType"] == "AWS::CloudFormation::Stack" and event.get("ResourceStatusReason") in STARTS:
                events = events[: events.index(event)]
                break
        failed = [event for event in events if event["ResourceStatus"].endswith("_FAILED")]
        if not failed:
            return "see the output above"
        event = failed[-1]
        return f"{event['LogicalResourceId']} ({event['ResourceType']}): {event.get('ResourceStatusReason', '')}"

    def _remove_what_was_rolled_back(self, name, region=None):
        """A first deployment that failed can't be repeated before its stack is deleted."""
        stack = self.aws.stack(name, region)
        if stack and stack["StackStatus"] in ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED"):
            say(f"deleting {name}, whose first deployment failed")
            self.aws("cloudformation", "delete_stack", region, StackName=name)
            until(1800, f"the deletion of {name}", lambda: not self.aws.stack(name, region))

    # Programs

    def run(self, *command, **variables):
        """Runs a program of the repository; its output is the run's."""
        self._ran(subprocess.run(command, cwd=ROOT, env=self.environment | variables), command)

    def read(self, *command, **variables):
        """Runs a program, and returns what it prints."""
        done = subprocess.run(command, cwd=ROOT, env=self.environment | variables, stdout=subprocess.PIPE, text=True)
        self._ran(done, command)
        return done.stdout

    @staticmethod
    def _ran(done, command):
        if done.returncode:
            raise Failed(f"{' '.join(map(str, command))} ended with {done.returncode}; its output is above")

    def vestibule(self, *arguments):
        """A command of an operator, on the installation's table and secret. Returns what it prints."""
        variables = {
            "TABLE_NAME": self.output("TableName"),
            "SECRET_KEY_ARN": self.output("SecretKeyArn"),
            **self.aws.credentials(),
        }
        return self.read(program(), *arguments, **variables)

    def add_user(self, address, password):
        return self.vestibule("user", "add", "--email", address, "--password", password, "--no-validate").strip()

    # Requests

    @property
    def frontend(self):
        """The frontend's URL, as the application has it, or will have it."""
        stack = self.aws.stack(self.name) or {}
        given = {parameter["ParameterKey"]: parameter["ParameterValue"] for parameter in stack.get("Parameters", [])}
        return given.get("FrontendUrl", f"https://app.{self.domain}")

    def new_address(self, kind):
        """An email address that no account has, whose mail the run receives."""
        return f"{kind}-{secrets.token_hex(6)}@{self.domain}"

    @property
    def api(self):
        return self.output("ApiUrl")

    def journey(self, inbox):
        """The journey of tests/sam, as a browser and as an app."""
        self.run(
            sys.executable,
            "tests/sam/journey.py",
            FRONTEND_URL=self.frontend,
            VESTIBULE_API=self.api,
            VESTIBULE_INBOX=inbox,
            VESTIBULE_MAIL_DOMAIN=self.domain,
            VESTIBULE_MAIL_SECONDS="120",
        )

    def log_in(self, address, password):
        """Logs an app in; the body of the answer."""
        status, body, _ = call(
            "POST", f"{self.api}/_allauth/app/v1/auth/login", {"email": address, "password": password}
        )
        if status != 200:
            raise Failed(f"the login of {address} is answered {status}: {body}")
        return body


# Why CloudFormation says that a stack's operation begins: what is before it is of another one.
STARTS = ("User Initiated", "Transformation succeeded")


def call(method, url, body=None, **headers):
    """A request: its status, its body, and its headers."""
    data = json.dumps(body).encode() if body is not None else None
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    if data:
        names["Content-Type"] = "application/json"
    request = urllib.request.Request(url, data, names, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, parsed(response.read()), response.headers
    except urllib.error.HTTPError as error:
        return error.code, parsed(error.read()), error.headers
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError) as error:
        raise Failed(f"{method} {url}: {error}") from error


def parsed(raw):
    try:
        return json.loads(raw) if raw else {}
    except ValueError:
        return {"text": raw.decode(errors="replace")[:300]}


def until(seconds, what, look):
    """The first true result of `look`, which is called every few seconds."""
    end = time.monotonic() + seconds
    while True:
        if result := look():
            return result
        if time.monotonic() > end:
            raise Failed(f"{what}: not within {seconds // 60} minutes")
        time.sleep(5)
