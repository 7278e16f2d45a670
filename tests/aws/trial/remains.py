"""What a run leaves in an account: found by its name, deleted, and what stays is listed with the command that deletes it.

Nothing is remembered between runs: everything has a name that begins with the run's, so that also what an earlier run
left behind, whose machine went away, is found.
"""

import dataclasses
import re
import time

from .aws import AwsError
from .plan import say

# No installation that matters has such a name, and none is the beginning of another.
NAME = re.compile(r"vestibule-trial-[a-z0-9]{1,12}")
# CloudFront's stack is there.
VIRGINIA = "us-east-1"
STACK_SECONDS = 1800
# Of a stack that can't be deleted before it is done.
BUSY = re.compile(r"(UPDATE|ROLLBACK).*_IN_PROGRESS")


@dataclasses.dataclass(frozen=True)
class Remainder:
    """A resource that is there."""

    kind: str
    name: str
    region: str

    @property
    def command(self):
        commands = {
            "stack": f"aws cloudformation delete-stack --stack-name {self.name}",
            "table": f"aws dynamodb update-table --no-deletion-protection-enabled --table-name {self.name}"
            f" && aws dynamodb delete-table --table-name {self.name}",
            "secret": f"aws secretsmanager delete-secret --force-delete-without-recovery --secret-id {self.name}",
            "bucket": f"aws s3 rb --force s3://{self.name}",
            "log group": f"aws logs delete-log-group --log-group-name {self.name}",
            "receipt rule set": "aws ses set-active-receipt-rule-set",
            "certificate": f"aws acm delete-certificate --certificate-arn {self.name}",
        }
        command = commands.get(self.kind)
        return f"{command} --region {self.region}" if command else "in the console of Route 53"


class Remains:
    """What is there of the run with this name."""

    def __init__(self, aws, name, zone=None):
        """Records of DNS are looked for in the zone with this id."""
        if not NAME.fullmatch(name):
            raise SystemExit(f"the name of a run is like vestibule-trial-1 or vestibule-trial-ann, not {name}")
        self.aws, self.name, self.zone = aws, name, zone

    def find(self):
        """All of it, in the order in which it can be deleted."""
        return [*self._receipt_rule_set(), *self._stacks(), *self._rest()]

    def _stacks(self):
        for region in dict.fromkeys((self.aws.region, VIRGINIA)):
            stacks = self.aws("cloudformation", "list_stacks", region)["StackSummaries"]
            stacks = [stack for stack in stacks if self._is_ours(stack["StackName"]) and "DELETE_COMPLETE" != stack["StackStatus"]]
            # Those made last use those made first.
            stacks.sort(key=lambda stack: stack["CreationTime"], reverse=True)
            yield from (Remainder("stack", stack["StackName"], region) for stack in stacks)

    def _rest(self):
        region = self.aws.region
        for table in self.aws("dynamodb", "list_tables")["TableNames"]:
            if table.startswith(f"{self.name}-"):
                yield Remainder("table", table, region)
        secrets = self.aws("secretsmanager", "list_secrets", Filters=[{"Key": "name", "Values": [f"{self.name}/"]}])
        for secret in secrets["SecretList"]:
            if secret["Name"].startswith(f"{self.name}/"):
                yield Remainder("secret", secret["Name"], region)
        for bucket in self.aws("s3", "list_buckets").get("Buckets", []):
            if bucket["Name"].startswith(f"{self.name}-"):
                yield Remainder("bucket", bucket["Name"], region)
        for prefix in (f"/aws/lambda/{self.name}-", f"/aws/vendedlogs/{self.name}/"):
            groups = self.aws("logs", "describe_log_groups", logGroupNamePrefix=prefix)["logGroups"]
            yield from (Remainder("log group", group["logGroupName"], region) for group in groups)
        for certificate in self.aws("acm", "list_certificates")["CertificateSummaryList"]:
            # The label is the run's name: nobody else's certificate has it.
            if certificate["DomainName"].startswith(f"{self.name}."):
                yield Remainder("certificate", certificate["CertificateArn"], region)

        yield from self._records()

    def _records(self):
        if not self.zone:
            return
        records = self.aws("route53", "list_resource_record_sets", HostedZoneId=self.zone)["ResourceRecordSets"]
        for record in records:
            if f".{self.name}." in record["Name"] or record["Name"].startswith(f"{self.name}."):
                yield Remainder("record", f"{record['Name']} {record['Type']}", self.aws.region)

    def _receipt_rule_set(self):
        try:
            active = self.aws("ses", "describe_active_receipt_rule_set")
        except AwsError:
            # There are regions where SES receives nothing.
            return
        if self._is_ours(active.get("Metadata", {}).get("Name", "")):
            yield Remainder("receipt rule set", active["Metadata"]["Name"], self.aws.region)

    def _is_ours(self, name):
        return name == self.name or name.startswith(f"{self.name}-")

    def delete(self):
        """Deletes everything; returns what is there afterwards, and why."""
        reasons = {}
        # Twice: what a stack held on to can be deleted once the stack is gone.
        for _ in range(2):
            found = self.find()
            # A bucket with anything in it would keep its stack from being deleted.
            for bucket in [remainder for remainder in found if remainder.kind == "bucket"]:
                self._attempt(lambda bucket=bucket: self._empty(bucket.name), bucket, reasons)
            for remainder in found:
                self._attempt(lambda remainder=remainder: self._delete(remainder), remainder, reasons)
        return [(remainder, reasons.get(remainder, "")) for remainder in self.find()]

    @staticmethod
    def _attempt(action, remainder, reasons):
        try:
            action()
        except AwsError as error:
            gone = ("NoSuchBucket", "ResourceNotFoundException", "NoSuchEntity")
            if error.code not in gone:
                reasons[remainder] = str(error).splitlines()[0]
                say(f"{remainder.kind} {remainder.name}: {reasons[remainder]}")

    def _delete(self, remainder):
        say(f"deleting the {remainder.kind} {remainder.name}")
        aws, name = self.aws, remainder.name
        match remainder.kind:
            case "stack":
                self._await(name, remainder.region, lambda stack: not BUSY.fullmatch(stack["StackStatus"]))
                aws("cloudformation", "delete_stack", remainder.region, StackName=name)
                self._await(name, remainder.region, lambda stack: stack["StackStatus"] == "DELETE_FAILED")
                if stack := aws.stack(name, remainder.region):
                    raise AwsError("cloudformation delete-stack", stack.get("StackStatusReason", stack["StackStatus"]))
            case "table":
                if aws("dynamodb", "describe_table", TableName=name)["Table"].get("DeletionProtectionEnabled"):
                    aws("dynamodb", "update_table", TableName=name, DeletionProtectionEnabled=False)
                aws("dynamodb", "delete_table", TableName=name)
            case "secret":
                aws("secretsmanager", "delete_secret", SecretId=name, ForceDeleteWithoutRecovery=True)
            case "bucket":
                aws("s3", "delete_bucket", Bucket=name)
            case "log group":
                aws("logs", "delete_log_group", logGroupName=name)
            case "receipt rule set":
                aws("ses", "set_active_receipt_rule_set")
            case "record":
                self._delete_record(name)
            case "certificate":
                aws("acm", "delete_certificate", CertificateArn=name)

    def _await(self, name, region, done):
        end = time.monotonic() + STACK_SECONDS
        while (stack := self.aws.stack(name, region)) and not done(stack):
            if time.monotonic() > end:
                raise AwsError("cloudformation", f"{name} is {stack['StackStatus']} for {STACK_SECONDS // 60} minutes")
            time.sleep(5)

    def _delete_record(self, name):
        record_name, kind = name.split()
        for record in self.aws("route53", "list_resource_record_sets", HostedZoneId=self.zone)["ResourceRecordSets"]:
            if (record["Name"], record["Type"]) == (record_name, kind):
                change = {"Changes": [{"Action": "DELETE", "ResourceRecordSet": record}]}
                self.aws("route53", "change_resource_record_sets", HostedZoneId=self.zone, ChangeBatch=change)

    def _empty(self, bucket):
        """Deletes every version of every object."""
        listed = self.aws("s3", "list_object_versions", Bucket=bucket)
        entries = listed.get("Versions", []) + listed.get("DeleteMarkers", [])
        objects = [{"Key": entry["Key"], "VersionId": entry["VersionId"]} for entry in entries]
        for at in range(0, len(objects), 1000):
            self.aws("s3", "delete_objects", Bucket=bucket, Delete={"Objects": objects[at : at + 1000], "Quiet": True})
