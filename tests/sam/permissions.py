"""Compares what infra/deploy-role.yaml lets CloudFormation do with what its resource handlers say that they need.

The handlers' permissions are in the resource schemas of the CloudFormation registry, which cfn-lint packs. The
resources are those that SAM makes of template.yaml, with every part of it switched on. Run by lint.sh.
"""

import fnmatch
import json
import logging
import os
import pathlib
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
    # No role may shed its boundary.
    "AWS::IAM::Role": ["iam:DeleteRolePermissionsBoundary"],
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
        "lambda:PublishVersion",
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


def transformed():
    """The resources that SAM makes, by logical id."""
    template = yaml_parse(pathlib.Path("template.yaml").read_text())
    for resource in template["Resources"].values():
        code = resource.get("Properties", {})
        if "CodeUri" in code:
            code["CodeUri"] = "s3://bucket/key"
    given = {"FrontendUrl": "https://a.example", "AllowedOrigins": "https://a.example", "SenderAddress": "a@a.example"}
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


def granted():
    """The actions of ExecutionRole, whatever their resources."""
    role = yaml_parse(pathlib.Path("infra/deploy-role.yaml").read_text())["Resources"]["ExecutionRole"]["Properties"]
    actions = set()
    for statement in role["Policies"][0]["PolicyDocument"]["Statement"]:
        statement = statement["Fn::If"][1] if "Fn::If" in statement else statement
        action = statement["Action"]
        actions.update([action] if isinstance(action, str) else action)
    return actions


def allows(patterns, action):
    return any(fnmatch.fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns)


def main():
    resources = transformed()
    types = sorted({resource["Type"] for resource in resources.values()})
    given, missing, needless = granted(), [], {name: set(actions) for name, actions in WITHHELD.items()}
    for (name, action), verbs in sorted(needs(types).items()):
        withheld = [pattern for pattern in WITHHELD.get(name, []) if allows([pattern], action)]
        if withheld:
            needless[name] -= set(withheld)
        elif not allows(given, action):
            missing.append(f"{name} ({', '.join(sorted(verbs))}): {action}")
    for name, actions in needless.items():
        missing += [f"{name}: WITHHELD names {action}, and no handler needs it" for action in sorted(actions)]
    if missing:
        sys.exit("infra/deploy-role.yaml: ExecutionRole lacks\n  " + "\n  ".join(missing))
    print(f"permissions.py: ExecutionRole has what the handlers of {len(types)} resource types need")


main()
