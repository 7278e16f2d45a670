"""Calls AWS, and says what to do where it refuses."""

import os

import boto3
import botocore.exceptions

# By the code of the error, or a part of its text: what a person can do.
HINTS = {
    "Unable to locate credentials": "log in (`aws sso login`, `aws configure`), until `aws sts get-caller-identity` answers",
    "Token has expired": "log in again (`aws sso login`)",
    "ExpiredToken": "the credentials have expired: log in again, then run this again; it goes on where it can",
    "InvalidClientTokenId": "nobody has these credentials: log in again",
    "UnrecognizedClientException": "nobody has these credentials, or the region is not enabled in this account",
    "SignatureDoesNotMatch": "the secret access key is wrong, or this machine's clock is",
    "Could not connect to the endpoint": "there is no such region or no such service in it, or no network",
    "AccessDenied": "these credentials may not do that: the run needs those of an administrator of a trial account",
    "LimitExceeded": "a quota of the account is used up: Service Quotas in the console, or delete what is not needed",
    "ServiceQuotaExceeded": "a quota of the account is used up: Service Quotas in the console",
    "TooManyRequests": "AWS limits the rate of such calls: run it again in a minute",
}


class AwsError(Exception):
    """A call that AWS refuses, or that does not get there."""

    def __init__(self, call, text, code=""):
        self.code = code
        hint = next((hint for sign, hint in HINTS.items() if sign in f"{code} {text}"), None)
        super().__init__(f"{call}: {text.strip()}" + (f"\n  → {hint}" if hint else ""))


class Aws:
    """AWS in one region. For tests, another endpoint, and others for single services."""

    def __init__(self, region, endpoint=None, endpoints=None):
        self.region, self.clients = region, {}
        # Of programs that are to work in the same place.
        self.environment = os.environ | {"AWS_REGION": region, "AWS_DEFAULT_REGION": region, "AWS_PAGER": ""}
        self.endpoints = endpoints or {}
        if endpoint:
            testing = {"AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
            self.environment |= testing
            self.environment |= {f"AWS_ENDPOINT_URL_{name.upper()}": url for name, url in self.endpoints.items()}
            self.environment.pop("AWS_PROFILE", None)
        self.endpoint = endpoint

    def __call__(self, service, operation, region=None, **options):
        """`aws("dynamodb", "describe_table", TableName="x")`: the answer, all its pages in one."""
        try:
            client = self._client(service, region or self.region)
            if client.can_paginate(operation):
                return client.get_paginator(operation).paginate(**options).build_full_result()
            return getattr(client, operation)(**options)
        except botocore.exceptions.ClientError as error:
            raise AwsError(f"{service} {operation}", str(error), error.response["Error"]["Code"]) from error
        except botocore.exceptions.BotoCoreError as error:
            raise AwsError(f"{service} {operation}", str(error)) from error

    def _client(self, service, region):
        if (service, region) not in self.clients:
            given = {}
            if self.endpoint:
                given = {"endpoint_url": self.endpoints.get(service, self.endpoint)}
                given |= {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
            self.clients[service, region] = boto3.client(service, region_name=region, **given)
        return self.clients[service, region]

    def credentials(self):
        """The credentials as variables, for programs that do not know all kinds of them."""
        if self.endpoint:
            return {}
        found = boto3.Session().get_credentials().get_frozen_credentials()
        names = {"AWS_ACCESS_KEY_ID": found.access_key, "AWS_SECRET_ACCESS_KEY": found.secret_key}
        return names | ({"AWS_SESSION_TOKEN": found.token} if found.token else {})

    def stack(self, name, region=None):
        """The stack's description, or None."""
        try:
            return self("cloudformation", "describe_stacks", region, StackName=name)["Stacks"][0]
        except AwsError as error:
            if "does not exist" in str(error):
                return None
            raise

    def outputs(self, name, region=None):
        """The outputs of a stack that must be there."""
        stack = self.stack(name, region)
        if stack is None:
            raise AwsError("cloudformation describe_stacks", f"there is no stack {name}: run the step that makes it")
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
