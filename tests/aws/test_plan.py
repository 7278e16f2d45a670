"""The run itself, against an AWS that is made up here."""

import ast
import contextlib
import io
import json
import os
import pathlib
import signal
import time
import types
import unittest
from unittest import mock

import boto3
import yaml
from botocore import exceptions, xform_name

from trial import __main__ as program
from trial import measure, prepare, steps
from trial.aws import Aws, AwsError
from trial.installation import Installation
from trial.plan import Failed, Plan, table
from trial.remains import Remainder, Remains

ROOT = pathlib.Path(__file__).resolve().parents[2]


def quietly(action, *arguments):
    """What an action returns, and what it prints."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(io.StringIO()):
        return action(*arguments), printed.getvalue()


def plan_of(**outcomes):
    """A plan whose steps pass, or raise what is given; the last one builds on the first."""
    plan, ran = Plan(), []
    first = next(iter(outcomes))
    for name, outcome in outcomes.items():

        def run(_, name=name, outcome=outcome):
            """Shows something."""
            ran.append(name)
            if outcome:
                raise outcome

        plan.step(name, after=[first] if name == "dependent" else [])(run)
    return plan, ran


class Order(unittest.TestCase):
    def outcomes(self, plan, names=()):
        results, _ = quietly(plan.execute, None, names)
        return {result.step.name: result.outcome for result in results}

    def test_a_step_that_fails_skips_only_what_builds_on_it(self):
        plan, ran = plan_of(a=Failed("no"), b=None, dependent=None)
        self.assertEqual(self.outcomes(plan), {"a": "failed", "b": "passed", "dependent": "skipped"})
        self.assertEqual(ran, ["a", "b"])

    def test_a_fault_of_the_run_itself_fails_its_step_alone(self):
        plan, _ = plan_of(a=KeyError("Stacks"), b=None)
        self.assertEqual(self.outcomes(plan), {"a": "failed", "b": "passed"})

    def test_an_interruption_runs_nothing_more(self):
        plan, ran = plan_of(a=None, b=KeyboardInterrupt(), c=None)
        self.assertEqual(self.outcomes(plan), {"a": "passed", "b": "failed", "c": "not run"})
        self.assertEqual(ran, ["a", "b"])

    def test_named_steps_run_without_what_they_build_on(self):
        plan, ran = plan_of(a=None, dependent=None)
        self.assertEqual(self.outcomes(plan, ["dependent"]), {"dependent": "passed"})
        self.assertEqual(ran, ["dependent"])

    def test_an_unknown_step_is_named(self):
        with self.assertRaisesRegex(SystemExit, "no step journy"):
            plan_of(a=None)[0].execute(None, ["journy"])

    def test_the_table_has_every_step_on_one_line(self):
        results, _ = quietly(plan_of(a=Failed("a | b\nmore"), b=None, dependent=None)[0].execute, None)
        lines = table(results).splitlines()
        self.assertEqual(len(lines), 2 + 3)
        self.assertIn("| a | failed | 0 | a \\| b |", lines)
        self.assertIn("| dependent | skipped | 0 | needs a |", lines)


class Finish(unittest.TestCase):
    """Whatever happens, what was made is deleted, and what stays is listed."""

    def finish(self, plan, left=(), keep=False):
        run = types.SimpleNamespace(name="vestibule-trial-test", aws=mock.Mock(region="eu-west-1"), zone="Z", domain="d")
        given = types.SimpleNamespace(steps=[], keep=keep)
        with mock.patch.object(program, "Remains") as remains, mock.patch.object(program, "save"):
            remains.return_value.delete.side_effect = left if isinstance(left, BaseException) else [left]
            remains.return_value.find.return_value = [Remainder("table", "vestibule-trial-test-Table", "eu-west-1")]
            code, printed = quietly(program.finish, run, plan, given)
        return code, printed, remains.return_value.delete.called

    def test_it_is_deleted_after_success(self):
        code, printed, deleted = self.finish(plan_of(a=None)[0])
        self.assertEqual((code, deleted), (0, True))
        self.assertNotIn("LEFT", printed)

    def test_it_is_deleted_after_a_failure(self):
        self.assertEqual(self.finish(plan_of(a=Failed("no"))[0])[0::2], (1, True))

    def test_it_is_deleted_after_an_interruption(self):
        self.assertEqual(self.finish(plan_of(a=KeyboardInterrupt())[0])[0::2], (1, True))

    def test_it_is_deleted_after_a_signal(self):
        for name in ("SIGTERM", "SIGHUP"):
            self.addCleanup(signal.signal, getattr(signal, name), signal.getsignal(getattr(signal, name)))
        plan = Plan()

        @plan.step("a")
        def ended(_):
            """Is ended from outside."""
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(5)

        @plan.step("b")
        def later(_):
            """Comes later."""

        code, printed, deleted = self.finish(plan)
        self.assertEqual((code, deleted), (1, True))
        self.assertIn("| b | not run | 0 | interrupted |", printed)

    def test_what_stays_is_listed_with_its_command(self):
        remainder = Remainder("secret", "vestibule-trial-test/secret-key/1", "eu-west-1")
        code, printed, _ = self.finish(plan_of(a=None)[0], left=[(remainder, "AccessDenied")])
        self.assertEqual(code, 1)
        self.assertIn("LEFT: the secret vestibule-trial-test/secret-key/1 (AccessDenied)", printed)
        self.assertIn("delete-secret --force-delete-without-recovery", printed)

    def test_an_interrupted_deletion_lists_what_is_there(self):
        code, printed, _ = self.finish(plan_of(a=None)[0], left=KeyboardInterrupt())
        self.assertEqual(code, 1)
        self.assertIn("LEFT: the table vestibule-trial-test-Table (interrupted)", printed)

    def test_it_is_kept_if_told(self):
        self.assertEqual(self.finish(plan_of(a=None)[0], keep=True)[0::2], (0, False))


class Errors(unittest.TestCase):
    def refused(self, error):
        client = mock.Mock()
        client.can_paginate.return_value = False
        client.get_caller_identity.side_effect = error
        with mock.patch("boto3.client", return_value=client), self.assertRaises(AwsError) as caught:
            Aws("eu-west-1")("sts", "get_caller_identity")
        return caught.exception

    @staticmethod
    def answered(code):
        return exceptions.ClientError({"Error": {"Code": code, "Message": "no"}}, "GetCallerIdentity")

    def test_each_common_error_says_what_to_do(self):
        for error, advice in (
            (exceptions.NoCredentialsError(), "aws sso login"),
            (self.answered("ExpiredToken"), "log in again"),
            (self.answered("AccessDenied"), "administrator"),
            (self.answered("LimitExceededException"), "quota"),
            (exceptions.EndpointConnectionError(endpoint_url="https://sts.eu-wst-1.amazonaws.com/"), "no such region"),
        ):
            self.assertIn(advice, str(self.refused(error)))

    def test_its_code_can_be_told(self):
        self.assertEqual(self.refused(self.answered("ExpiredToken")).code, "ExpiredToken")

    def test_no_other_installation_can_be_named(self):
        for name in ("vestibule", "vestibule-trial-", "vestibule-trial-a-b", "production"):
            with self.assertRaisesRegex(SystemExit, "vestibule-trial-ann"):
                Remains(None, name)


class Preparation(unittest.TestCase):
    def aws(self, **answers):
        """Answers each operation as given; an exception is raised."""

        def answer(_service, operation, *_, **__):
            given = answers.get(operation, {})
            if isinstance(given, Exception):
                raise given
            return given

        return mock.Mock(side_effect=answer, region="eu-west-1")

    def test_the_zone_with_the_longest_name_is_taken(self):
        zones = [
            {"Id": "/hostedzone/Z1", "Name": "example.com.", "Config": {"PrivateZone": False}},
            {"Id": "/hostedzone/Z2", "Name": "trial.example.com.", "Config": {"PrivateZone": False}},
            {"Id": "/hostedzone/Z3", "Name": "a.trial.example.com.", "Config": {"PrivateZone": True}},
        ]
        aws = self.aws(list_hosted_zones={"HostedZones": zones})
        self.assertEqual(prepare.zone(aws, "a.trial.example.com"), "Z2")
        with self.assertRaisesRegex(SystemExit, "there are: example.com, trial.example.com"):
            prepare.zone(aws, "notexample.com")

    def test_everything_that_is_missing_is_said_at_once(self):
        aws = self.aws(
            get_account_settings={"AccountLimit": {"ConcurrentExecutions": 10}},
            get_account={"SendingEnabled": False, "SendQuota": {"Max24HourSend": 200.0, "SentLast24Hours": 150.0}},
            describe_active_receipt_rule_set=AwsError("ses x", "Could not connect to the endpoint URL"),
            list_resource_record_sets={
                "ResourceRecordSets": [
                    {"Name": "d.example.", "Type": "MX", "ResourceRecords": [{"Value": "10 mx.elsewhere."}]}
                ]
            },
        )
        run = types.SimpleNamespace(aws=aws, name="vestibule-trial-1", zone="Z", domain="d.example")
        with mock.patch("shutil.which", return_value=None), self.assertRaises(SystemExit) as caught:
            prepare.check(run, ["journey"])
        for part in ("cargo is missing", "Chromium", "runs 10 functions", "paused sending", "50 more mails", "receives no mail", "receives mail already"):
            self.assertIn(part, str(caught.exception))

    def test_what_an_earlier_run_left_behind_stops_a_new_one(self):
        stack = {"StackName": "vestibule-trial-1-ses", "StackStatus": "CREATE_COMPLETE", "CreationTime": "2026"}
        with mock.patch.object(prepare, "Remains") as remains, mock.patch("shutil.which", return_value="/bin/x"):
            remains.return_value.find.return_value = [Remainder("stack", stack["StackName"], "eu-west-1")]
            aws = self.aws(
                get_account_settings={"AccountLimit": {"ConcurrentExecutions": 1000}},
                get_account={"SendingEnabled": True},
                list_resource_record_sets={"ResourceRecordSets": []},
            )
            run = types.SimpleNamespace(aws=aws, name="vestibule-trial-1", zone="Z", domain="d.example")
            with self.assertRaisesRegex(SystemExit, "vestibule-trial-1-ses is there: --delete first"):
                prepare.check(run, [])
            prepare.check(run, ["journey"])

    def test_nothing_is_made_without_consent(self):
        run = types.SimpleNamespace(aws=mock.Mock(region="eu-west-1"), name="vestibule-trial-1", domain="d.example")
        for answer, agreed in (("", False), ("n", False), ("y", True), ("Yes", True)):
            with mock.patch("builtins.input", return_value=answer):
                said, printed = quietly(prepare.agreed, run, "123456789012")
            self.assertEqual(said, agreed)
            self.assertRegex(printed, r"\$0\.\d\d  in all")
            self.assertIn("123456789012", printed)


class Failures(unittest.TestCase):
    def test_the_resource_that_failed_first_is_named(self):
        def event(resource, status, reason="", kind="AWS::IAM::Role"):
            return {"LogicalResourceId": resource, "ResourceStatus": status, "ResourceStatusReason": reason, "ResourceType": kind}

        stack = "AWS::CloudFormation::Stack"
        events = [
            event("Table", "CREATE_FAILED", "Resource creation cancelled"),
            event("Stage", "CREATE_FAILED", "not authorized to perform: apigateway:TagResource", "AWS::ApiGatewayV2::Stage"),
            event("vestibule", "CREATE_IN_PROGRESS", "User Initiated", stack),
            event("Old", "CREATE_FAILED", "of another deployment"),
        ]
        aws = mock.Mock(return_value={"StackEvents": events}, environment={}, region="eu-west-1")
        run = Installation(aws, "vestibule-trial-1", "d.example", "Z")
        failure = run._first_failure("vestibule-trial-1", None)
        self.assertEqual(failure, "Stage (AWS::ApiGatewayV2::Stage): not authorized to perform: apigateway:TagResource")


class Measures(unittest.TestCase):
    def test_cold_starts_are_read_in_both_formats_of_logs(self):
        lines = [
            "REPORT RequestId: 1 Duration: 3.10 ms Memory Size: 256 MB Init Duration: 41.27 ms",
            "REPORT RequestId: 2 Duration: 2.10 ms Memory Size: 256 MB",
            json.dumps({"type": "platform.report", "record": {"metrics": {"initDurationMs": 38.5, "durationMs": 3}}}),
        ]
        self.assertEqual(measure.init_durations(lines), [41.27, 38.5])

    def test_the_bill_is_what_was_used_by_its_price(self):
        used = {"API request": 1000, "Lambda request": 1000, "GB-second (arm64)": 100, "read request unit": 4000, "write request unit": 8000}
        # $0.001 + $0.0002 + $0.00133334 + $0.0005 + $0.005, by hand.
        self.assertAlmostEqual(measure.price(used), 0.00803334, places=8)


def calls(*functions):
    """Every call of these functions in the run's modules: its constant arguments, and the names of the others."""
    for path in sorted((ROOT / "tests/aws/trial").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in functions:
                constants = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
                yield constants, {keyword.arg for keyword in node.keywords}


def template(path):
    """The parameters of a template, whether each has a default, and its outputs."""

    class Loader(yaml.SafeLoader):
        pass

    Loader.add_multi_constructor("!", lambda *_: None)
    document = yaml.load((ROOT / path).read_text(), Loader)
    return {name: "Default" in given for name, given in document["Parameters"].items()}, document["Outputs"]


class Calls(unittest.TestCase):
    """What would otherwise only fail on AWS, after an hour."""

    def test_every_call_of_aws_exists_with_its_parameters(self):
        found = [call for call in calls("aws", "run.aws", "self.aws") if len(call[0]) >= 2]
        self.assertGreater(len(found), 50)
        for (service, operation, *_), given in found:
            testing = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
            model = boto3.client(service, region_name="eu-west-1", **testing).meta.service_model
            names = {xform_name(name): name for name in model.operation_names}
            self.assertIn(operation, names, service)
            shape = model.operation_model(names[operation]).input_shape
            self.assertLessEqual(given, set(shape.members if shape else ()), f"{service} {operation}")
            self.assertLessEqual(set(shape.required_members if shape else ()), given, f"{service} {operation}")

    def test_every_parameter_and_output_is_in_its_template(self):
        templates = {part: path for (part, path, *_), _ in calls("run.deploy")}
        self.assertGreaterEqual(len(templates), 5)
        templates |= {"": "template.yaml", "example": "examples/guarded-api/template.yaml"}
        for (part, path, *_), given in calls("run.deploy"):
            parameters, _ = template(path)
            self.assertLessEqual(given - {None}, set(parameters), path)
            if None not in given:
                lacking = [name for name, has_default in parameters.items() if not has_default and name not in given]
                self.assertEqual(lacking, [], path)
        for _, given in calls("run.deploy_application", "self.deploy_application"):
            self.assertLessEqual(given - {None, "tags"}, set(template("template.yaml")[0]))
        for (key, *part), _ in filter(lambda call: call[0], calls("run.output", "self.output")):
            self.assertIn(key, template(templates[part[0] if part else ""])[1])


class Document(unittest.TestCase):
    def test_it_has_the_steps(self):
        text = (ROOT / "docs/trial.md").read_text()
        self.assertIn(program.document(steps.PLAN), text, "tests/aws/run --list prints the table")


if __name__ == "__main__":
    unittest.main()
