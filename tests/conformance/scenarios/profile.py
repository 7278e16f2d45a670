"""A site's own fields: a form class and an adapter there, data here."""

import json

from conformance.clients import Client
from conformance.scenario import PASSWORD, Scene, scenario

GROUP = "account"

FIELDS = {
    "age": {"type": "integer", "min": 18, "max": 99},
    "born": {"type": "date", "min": "1900-01-01"},
    "color": {"type": "choice", "choices": ["red", "blue"], "required": True},
    "news": {"type": "boolean"},
    "nick": {"type": "text", "min": 2, "max": 5, "required": True},
    "slug": {"type": "text", "pattern": "[a-z]+"},
    "terms": {"type": "boolean", "must_be": True},
}
OWN = {
    "reference": {
        "ACCOUNT_SIGNUP_FORM_CLASS": "refserver.profile.SignupForm",
        "HEADLESS_ADAPTER": "refserver.profile.HeadlessAdapter",
    },
    "project": {"ACCOUNT_PROFILE_FIELDS": FIELDS},
}
AT_ONCE = OWN | {"ACCOUNT_EMAIL_VERIFICATION": "none"}
RIGHT = {"color": "red", "nick": "ann", "terms": True}


@scenario(AT_ONCE)
def given_and_shown(w: Scene, c: Client) -> None:
    all_of_them = {"age": 20, "born": "2000-02-29", "news": True, "slug": "abc"}
    for number, extra in enumerate(({}, all_of_them)):
        client = w.client()
        email = w.email(f"u{number}")
        client.post("/auth/signup", {"email": email, "password": PASSWORD} | RIGHT | extra)
        client.get("/auth/session")
        w.logout(client)
        client.post("/auth/login", {"email": email, "password": PASSWORD})


@scenario(OWN)
def with_a_mail_to_verify(w: Scene, c: Client) -> None:
    user = w.seed("taken")
    for email in (w.email(), user.email):
        form = {"email": email, "password": PASSWORD}
        w.client().post("/auth/signup", form)
        w.client().post("/auth/signup", form | RIGHT | {"age": 17})
        w.client().post("/auth/signup", form | RIGHT)


VALUES = {
    "age": (17, 100, "18", " 18 ", "18.0", 18.0, 18.5, "x", True, "1_9", "+20", [20], 10**30, "", None),
    "born": ("2000-02-30", "1899-12-31", " 2000-01-01 ", "20000101", 20000101, "01/02/2000", "", None, {}),
    "color": ("green", " red ", "RED", "", None, ["red"], []),
    "news": (False, "false", "False", "0", 0, 1, "yes", [], [1], None),
    "nick": ("a", "a" * 6, "  ab  ", "a\0b", 12, True, 1.5, [1], {"a": 1}, "", None, "é" * 5),
    "slug": ("abc1", "ABC", "abc\n", " abc ", "", None),
    "terms": (False, "false", "FALSE", "0", 0, 0.0, "", [], None, "yes", 1),
}


@scenario(AT_ONCE, variants={name: {} for name in VALUES})
def values_of(w: Scene, c: Client) -> None:
    for number, value in enumerate(VALUES[w.variant]):
        client = w.client()
        form = {"email": w.email(f"u{number}"), "password": PASSWORD}
        client.post("/auth/signup", form | RIGHT | {w.variant: value})


@scenario(AT_ONCE)
def errors_beside_those_of_the_form(w: Scene, c: Client) -> None:
    c.post("/auth/signup", {})
    wrong = {"age": "x", "born": "x", "color": "x", "nick": "x", "slug": "1"}
    c.post("/auth/signup", {"email": "x", "password": "x"} | wrong)
    c.post("/auth/signup", {"email": w.email(), "password": PASSWORD} | wrong)


@scenario(AT_ONCE | {"SOCIALACCOUNT_AUTO_SIGNUP": False})
def by_way_of_a_provider(w: Scene, c: Client) -> None:
    claims = {"id": w.uid(), "email": w.email(), "email_verified": True}
    token = {"id_token": json.dumps(claims)}
    c.post("/auth/provider/token", {"provider": "dummy", "process": "login", "token": token})
    c.post("/auth/provider/signup", {"email": w.email()})
    c.post("/auth/provider/signup", {"email": w.email(), "age": 17} | RIGHT)
    c.post("/auth/provider/signup", {"email": w.email(), "age": 18} | RIGHT)
    c.get("/auth/session")
