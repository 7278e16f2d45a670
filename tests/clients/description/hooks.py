"""What schemathesis can't know of requests from the description."""

import json
import os
import urllib.request
import uuid

import schemathesis
from schemathesis.core import NOT_SET

#: Whether requests come from accounts that are logged in: only apps', as browsers' need cookies of their own.
LOGGED_IN = bool(os.environ.get("LOGGED_IN"))
CLIENTS = ["app"] if LOGGED_IN else ["app", "browser"]


@schemathesis.hook
def map_case(context, case):
    """Keeps to paths that have a route: API Gateway answers the others itself, which the description leaves out."""
    for name, value in (case.path_parameters or {}).items():
        if name == "client" and value not in CLIENTS:
            case.path_parameters[name] = CLIENTS[0]
        elif not str(value).isprintable() or set("?#%") & set(str(value)):
            case.path_parameters[name] = "unknown"
    return case


def is_given(value):
    """Whether a field has a value. Empty ones are none, as in a form of Django, whatever their type."""
    return value not in ({}, [], "")


@schemathesis.hook
def filter_case(context, case):
    """Leaves out methods that have no route, and bodies that are no objects: their answer is 400 without a body."""
    has_route = case.method not in ("TRACE", "QUERY")
    return has_route and (case.body is NOT_SET or isinstance(case.body, dict) and all(map(is_given, case.body.values())))


def sign_up(api):
    """The session token of a new account."""
    body = {"email": f"{uuid.uuid4().hex}@example.com", "password": "correct-horse-battery"}
    request = urllib.request.Request(
        f"{api}/_allauth/app/v1/auth/signup", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request) as response:
        return json.load(response)["meta"]["session_token"]


if LOGGED_IN:

    @schemathesis.auth(refresh_interval=1)
    class Session:
        """A session of a new account, and of another a second later, as some requests end it."""

        def get(self, case, context):
            return sign_up(os.environ["API"])

        def set(self, case, data, context):
            case.headers["X-Session-Token"] = data
