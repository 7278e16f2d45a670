"""Compares what infra/deploy-role.yaml lets CloudFormation do with what its resource handlers say that they need.

The handlers' permissions are in the resource schemas of the CloudFormation registry, which cfn-lint packs. The
resources are those that SAM makes of template.yaml, with every part of it switched on. Each permission must be granted
for the resource itself: a secret under another name needs a statement of its own. And what the functions' policies
grant must be within the boundary, without which it would be void. Run by lint.sh.
"""

import fnmatch
import json
import logging
import os
import pathlib
import re
import sys

import cfnlint.data.schemas as schemas
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

# What handlers list and the role is not given: permissions for what template.yaml does not use, unless another reason
# is here. A new use of one of them must move it to the role.
WITHHELD = {
    # A trust store for client certificates.
    "AWS::ApiGatewayV2::DomainName": ["s3:GetObjectVersion"],
    # Servers of one's own.
    "AWS::CodeDeploy::DeploymentGroup": ["codedeploy:RegisterOnPremisesInstance"],
    "AWS::DynamoDB::Table": [
        # A table of its own key, a global table, an import, a stream to Kinesis, a policy, scaling by hand.
        "dynamodb:AssociateTableReplica",
        "dynamodb:BatchWriteItem",
        "dynamodb:CreateTableReplica",
        "dynamodb:DeleteItem",
        "dynamodb:DeleteResourcePolicy",
        "dynamodb:DescribeImport",
        "dynamodb:*KinesisStreamingDestination",
        "dynamodb:GetItem",
        "dynamodb:ImportTable",
        "dynamodb:PutItem",
        "dynamodb:PutResourcePolicy",
        "dynamodb:Query",
        "dynamodb:Scan",
        "dynamodb:UpdateContributorInsights",
        "dynamodb:UpdateItem",
        "iam:*",
        "kinesis:*",
        "logs:*",
        "s3:*",
        # The policy of AWS's own key lets every principal of the account use it through DynamoDB.
        "kms:*",
        # The table outlives its stack.
        "dynamodb:DeleteTable",
    ],
    # A policy that lets other accounts use the bus, a key.
    "AWS::Events::EventBus": ["events:PutPermission", "events:RemovePermission", "kms:*"],
    # No role may shed its boundary.
    "AWS::IAM::Role": ["iam:DeleteRolePermissionsBoundary"],
    # Functions that are kept running.
    "AWS::Lambda::Alias": [
        "lambda:DeleteProvisionedConcurrencyConfig",
        "lambda:PutProvisionedConcurrencyConfig",
    ],
    "AWS::Lambda::Version": [
        "lambda:PutFunctionScalingConfig",
        "lambda:PutProvisionedConcurrencyConfig",
        "lambda:PutRuntimeManagementConfig",
    ],
    "AWS::Lambda::EventSourceMapping": ["kms:*"],
    # A network, a file system, a key, a layer, signed code, reserved concurrency, packages by version.
    "AWS::Lambda::Function": [
        "ec2:*",
        "elasticfilesystem:*",
        "kms:*",
        "lambda:AssociateRuntimeAlias",
        "lambda:DeleteFunctionCodeSigningConfig",
        "lambda:DeleteFunctionConcurrency",
        "lambda:GetCodeSigningConfig",
        "lambda:GetLayerVersion",
        "lambda:PassCapacityProvider",
        "lambda:PutFunctionCodeSigningConfig",
        "lambda:PutFunctionConcurrency",
        "lambda:PutFunctionRecursionConfig",
        "lambda:PutFunctionScalingConfig",
        "lambda:PutRuntimeManagementConfig",
        "s3:GetObjectVersion",
        "s3files:*",
    ],
    # A key, a policy of data protection, an index, delivery to elsewhere.
    "AWS::Logs::LogGroup": [
        "firehose:*",
        "logs:*KmsKey",
        "logs:DeleteDataProtectionPolicy",
        "logs:DeleteIndexPolicy",
        "logs:DeleteResourcePolicy",
        "logs:PutBearerTokenAuthentication",
        "logs:PutDataProtectionPolicy",
        "logs:PutIndexPolicy",
        "logs:PutLogGroupDeletionProtection",
        "s3:*",
    ],
    "AWS::SecretsManager::Secret": [
        # It makes secrets and never reads one.
        "secretsmanager:GetSecretValue",
    ],
}

# The same of single resources, by their logical id.
WITHHELD_FROM = {
    # Whoever could delete the key could make all that it has encrypted unreadable. A first deployment that fails leaves
    # the secret behind, and its stack to be deleted by hand.
    "SecretKey": ["secretsmanager:DeleteSecret"],
    # They are made again in another region.
    "TokenKeys": ["secretsmanager:RemoveRegionsFromReplication", "secretsmanager:ReplicateSecretToRegions"],
    "ProbeCredentials": ["secretsmanager:RemoveRegionsFromReplication", "secretsmanager:ReplicateSecretToRegions"],
}


def transformed():
    """The resources that SAM makes, by logical id."""
    template = yaml_parse(pathlib.Path("template.yaml").read_text())
    for resource in template["Resources"].values():
        code = resource.get("Properties", {})
        if "CodeUri" in code:
            code["CodeUri"] = "s3://bucket/key"
    given = {"FrontendUrl": "https://a.example", "AllowedOrigins": "https://a.example", "SenderAddress": "a@a.example"}
    given["DeploymentPreference"] = "AllAtOnce"
    os.environ["AWS_DEFAULT_REGION"] = "eu-west-1"
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    made = Translator({}, Parser()).translate(template, given)
    return made["Resources"]


def needs(types):
    """The permissions of all handlers but `list`, by action, with the types that need them."""
    folder = pathlib.Path(schemas.__file__).parent
    index = json.loads((folder / "providers" / "eu-west-1.json").read_text())
    found = {}
    for name in types:
        handlers = json.loads((folder / "resources" / f"{index[name]}.json").read_text()).get("handlers", {})
        if not handlers:
            print(f"permissions.py: the schema of {name} says nothing of permissions")
        for verb in ("create", "read", "update", "delete"):
            for action in handlers.get(verb, {}).get("permissions", []):
                found.setdefault((name, action.replace(" ", "")), set()).add(verb)
    return found


def statements(name):
    """The statements of a role or managed policy of infra/deploy-role.yaml: their actions, and their resources."""
    made = yaml_parse(pathlib.Path("infra/deploy-role.yaml").read_text())["Resources"][name]["Properties"]
    document = made["PolicyDocument"] if "PolicyDocument" in made else made["Policies"][0]["PolicyDocument"]
    return [(listed(part["Action"]), arns(part["Resource"])) for part in map(switched_on, document["Statement"])]


def switched_on(part):
    return part["Fn::If"][1] if isinstance(part, dict) and "Fn::If" in part else part


def listed(value):
    return value if isinstance(value, list) else [value]


# What a deployment fills in. Its own resources have their logical id in their place.
KNOWN = {
    "AWS::Partition": "aws",
    "AWS::Region": "eu-west-1",
    "AWS::AccountId": "123456789012",
    "AWS::StackName": "vestibule",
    "Application": "vestibule",
    "SenderAddress": "a@a.example",
}


def text(value):
    """A text of a template, with a star for what only a deployment knows."""
    value = switched_on(value)
    if not isinstance(value, dict):
        return str(value)
    (function, given), = value.items()
    if function == "Fn::Sub":
        template = given if isinstance(given, str) else given[0]
        return re.sub(r"\$\{([^}]+)\}", lambda found: KNOWN.get(found[1], "*"), template)
    if function == "Ref":
        return KNOWN.get(given, "*")
    return "*"


def arns(resource):
    """The resources of a statement. Those of the template are named as its roles know them."""
    return [text(part) for part in map(switched_on, listed(resource)) if part != {"Ref": "AWS::NoValue"}]


ARN = "arn:aws:{service}:eu-west-1:123456789012:"


def arn(logical, resource, kind):
    """The ARN that a resource will have, or None if its service knows it by a random id, or not at all."""
    properties = resource.get("Properties", {})
    named = {
        "AWS::DynamoDB::Table": (ARN + "table/vestibule-{logical}-1A2B", None),
        "AWS::IAM::Role": ("arn:aws:iam::123456789012:role/vestibule-{logical}-1a2B", None),
        "AWS::Lambda::Function": (ARN + "function:{name}", "FunctionName"),
        "AWS::Logs::LogGroup": (ARN + "log-group:{name}", "LogGroupName"),
        "AWS::SecretsManager::Secret": (ARN + "secret:{name}-1a2B3c", "Name"),
        "AWS::SQS::Queue": (ARN + "vestibule-{logical}-1a2B", None),
    }
    if kind not in named:
        return None
    form, key = named[kind]
    service = kind.split("::")[1].lower()
    name = text(properties[key]).replace("*", "x") if key else ""
    return form.format(service=service, logical=logical, name=name)


def allows(patterns, action):
    return any(fnmatch.fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns)


def is_granted(given, action, resource=None):
    """Whether a statement allows the action, on the resource if one is given."""
    matches = [resources for actions, resources in given if allows(actions, action)]
    return any(resource is None or fnmatch.fnmatchcase(resource, pattern) for patterns in matches for pattern in patterns)


def beyond_the_boundary(resources):
    """What functions' policies grant, and the boundary does not."""
    boundary = statements("Boundary")
    for name, resource in sorted(resources.items()):
        if resource["Type"] != "AWS::IAM::Role":
            continue
        for policy in resource["Properties"].get("Policies", []):
            for part in map(switched_on, policy["PolicyDocument"]["Statement"]):
                if part == {"Ref": "AWS::NoValue"}:
                    continue
                for action in listed(part["Action"]):
                    if not is_granted(boundary, action):
                        yield f"{name}: the boundary lacks {action}"


def main():
    resources = transformed()
    types = sorted({resource["Type"] for resource in resources.values()})
    given, missing = statements("ExecutionRole"), []
    needless = {name: set(actions) for name, actions in WITHHELD.items()}
    for (name, action), verbs in sorted(needs(types).items()):
        withheld = [pattern for pattern in WITHHELD.get(name, []) if allows([pattern], action)]
        if withheld:
            needless[name] -= set(withheld)
            continue
        for logical, resource in resources.items():
            if resource["Type"] != name:
                continue
            # Permissions for another service, such as passing a role, are for its resources.
            own = arn(logical, resource, name) if action.split(":")[0] == name.split("::")[1].lower() else None
            is_withheld = action in WITHHELD_FROM.get(logical, [])
            if is_withheld == is_granted(given, action, own):
                fault = "granted, though WITHHELD_FROM names it: " if is_withheld else ""
                where = f"{logical}, {name} ({', '.join(sorted(verbs))})"
                missing.append(f"{where}: {fault}{action} on {own or 'any resource'}")
    for name, actions in needless.items():
        missing += [f"{name}: WITHHELD names {action}, and no handler needs it" for action in sorted(actions)]
    missing += beyond_the_boundary(resources)
    if missing:
        sys.exit("infra/deploy-role.yaml: ExecutionRole or the boundary lacks\n  " + "\n  ".join(missing))
    print(f"permissions.py: ExecutionRole has what the handlers of {len(types)} resource types need")
    print("permissions.py: what the functions' policies grant is within the boundary")


main()
