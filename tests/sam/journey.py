#!/usr/bin/env python3
"""Takes a user from sign-up to log-out over HTTP, as a browser and as an app.

    journey.py http://127.0.0.1:8010 http://127.0.0.1:8025

The first address is the API's, the second that of an inbox with Mailpit's API. Both can also be
given as VESTIBULE_API and VESTIBULE_INBOX. VESTIBULE_MAIL_DOMAIN is the domain of its users, VESTIBULE_MAIL_SECONDS how
long a mail may take. It needs the settings that template.yaml has by default,
and asserts status and body of every answer. It works against any server of the contract.
"""

import base64
import hmac
import json
import os
import re
import secrets
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from http.cookies import SimpleCookie

FRONTEND = os.environ.get("FRONTEND_URL", "http://localhost:3000")
# Mail goes out behind the request's back; under sam local, a warm request may take seconds.
MAIL_SECONDS = int(os.environ.get("VESTIBULE_MAIL_SECONDS", "30"))
MAIL_DOMAIN = os.environ.get("VESTIBULE_MAIL_DOMAIN", "example.com")
REQUEST_SECONDS = 60


class Answer:
    def __init__(self, call, status, headers, raw):
        self.call, self.status, self.headers = call, status, headers
        try:
            self.body = json.loads(raw) if raw else {}
        except ValueError:
            self.body = {"not JSON": raw.decode(errors="replace")[:300]}

    def expect(self, status, **parts):
        """Checks the status, and parts of the body: data__user__email="..." is data.user.email."""
        assert self.status == status, f"{self.call}: {self.status}, not {status}: {self.body}"
        for path, expected in parts.items():
            value = self.body
            for name in path.split("__"):
                assert isinstance(value, dict) and name in value, f"{self.call}: no {path} in {self.body}"
                value = value[name]
            assert value == expected, f"{self.call}: {path} is {value!r}, not {expected!r}"
        return self

    def expect_error(self, code, param=None):
        self.expect(400)
        errors = [(error["code"], error.get("param")) for error in self.body["errors"]]
        assert (code, param) in errors, f"{self.call}: {errors}, not {code} of {param}"

    def pending(self):
        return [flow["id"] for flow in self.body["data"]["flows"] if flow.get("is_pending")]


class Client:
    """What a browser and an app have in common."""

    def __init__(self, api):
        self.base = f"{api}/_allauth/{self.name}/v1"

    def call(self, method, path, body=None, **headers):
        headers = {"User-Agent": "journey", "Accept": "application/json"} | self.credentials() | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(f"{self.base}/{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=REQUEST_SECONDS) as response:
                status, received, raw = response.status, response.headers, response.read()
        except urllib.error.HTTPError as error:
            status, received, raw = error.code, error.headers, error.read()
        answer = Answer(f"{self.name} {method} {path}", status, received, raw)
        self.keep(answer)
        print(f"  {answer.call} {status}", flush=True)
        return answer


class Browser(Client):
    name = "browser"
    # Without a session of its own there is nothing to log out of, so it is not said to be gone.
    after_logout = 401

    def __init__(self, api):
        super().__init__(api)
        self.cookies = {}

    def credentials(self):
        headers = {"Origin": FRONTEND}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if "csrftoken" in self.cookies:
            headers["X-CSRFToken"] = self.cookies["csrftoken"]
        return headers

    def keep(self, answer):
        for line in answer.headers.get_all("Set-Cookie") or []:
            for name, cookie in SimpleCookie(line).items():
                if cookie["max-age"] == "0" or not cookie.value:
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = cookie.value

    def first_contact(self):
        """Nothing can be posted before the CSRF cookie is there."""
        person = {"email": "nobody@example.com", "password": "Unheard-of-77"}
        refused = self.call("POST", "auth/signup", person)
        assert refused.status == 403, f"sign-up without a CSRF token: {refused.status}"
        self.cookies.clear()
        self.call("GET", "config").expect(200)
        assert "csrftoken" in self.cookies, "GET config set no csrftoken"


class App(Client):
    name = "app"
    after_logout = 410

    def __init__(self, api):
        super().__init__(api)
        self.token = None

    def credentials(self):
        return {"X-Session-Token": self.token} if self.token else {}

    def keep(self, answer):
        assert not answer.headers.get_all("Set-Cookie"), f"{answer.call} set a cookie"
        meta = answer.body.get("meta") if isinstance(answer.body, dict) else None
        self.token = (meta or {}).get("session_token") or self.token

    def first_contact(self):
        self.call("GET", "config").expect(200)


class Inbox:
    def __init__(self, url):
        self.url = url
        self.seen = set()

    def get(self, path):
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}", timeout=REQUEST_SECONDS) as response:
            return json.load(response)

    def wait_for(self, address):
        """The next mail to the address: its subject and text."""
        end = time.monotonic() + MAIL_SECONDS
        while time.monotonic() < end:
            for summary in self.get("messages?limit=200")["messages"]:
                recipients = [to["Address"] for to in summary["To"]]
                if summary["ID"] not in self.seen and address in recipients:
                    self.seen.add(summary["ID"])
                    mail = self.get(f"message/{summary['ID']}")
                    print(f"  inbox: {mail['Subject']!r} to {address}", flush=True)
                    return mail
            time.sleep(0.2)
        raise AssertionError(f"no mail to {address} within {MAIL_SECONDS} s")

    def link_key(self, address, path):
        """The key in the link to the frontend's path, from the next mail to the address."""
        text = self.wait_for(address)["Text"]
        match = re.search(re.escape(f"{FRONTEND}/{path}/") + r"([^\s\"'<>/]+)", text)
        assert match, f"no link to {FRONTEND}/{path}/ in {text!r}"
        return urllib.parse.unquote(match[1])


def journey(client, inbox):
    email = f"{client.name}-{secrets.token_hex(6)}@{MAIL_DOMAIN}"
    first, second = "Correct-Horse-77", "Battery-Staple-88"
    client.first_contact()

    config = client.call("GET", "config").expect(200, data__account__login_methods=["email"])
    assert config.body["data"]["account"]["is_open_for_signup"] is True
    client.call("GET", "auth/session").expect(401, meta__is_authenticated=False)
    client.call("POST", "auth/signup", {"email": "no address", "password": "x"}).expect_error("invalid", "email")

    signup = client.call("POST", "auth/signup", {"email": email, "password": first})
    signup.expect(401, meta__is_authenticated=False)
    assert signup.pending() == ["verify_email"], signup.pending()
    client.call("POST", "auth/login", {"email": email, "password": "Wrong-Horse-77"}).expect_error(
        "email_password_mismatch", "password"
    )

    key = inbox.link_key(email, "account/verify-email")
    client.call("GET", "auth/email/verify", X_Email_Verification_Key=key).expect(
        200, data__email=email, meta__is_authenticating=True
    )
    client.call("POST", "auth/email/verify", {"key": f"x{key}"}).expect(400)
    # Following a link proves the address, not who followed it: one logs in afterwards.
    client.call("POST", "auth/email/verify", {"key": key}).expect(401)

    login = client.call("POST", "auth/login", {"email": email, "password": first})
    login.expect(200, data__user__email=email, meta__is_authenticated=True)
    assert login.body["data"]["methods"][0]["method"] == "password", login.body
    session = client.call("GET", "auth/session").expect(200, data__user__email=email)
    assert session.body["data"]["user"]["id"] == login.body["data"]["user"]["id"]
    sessions = client.call("GET", "auth/sessions").expect(200).body["data"]
    assert [entry["is_current"] for entry in sessions] == [True], sessions
    client.call("POST", "auth/signup", {"email": email, "password": first}).expect(409)
    client.call("POST", "auth/reauthenticate", {"password": first}).expect(200, data__user__email=email)
    log_out(client)

    client.call("POST", "auth/password/request", {"email": email}).expect(200)
    key = inbox.link_key(email, "account/password/reset/key")
    client.call("GET", "auth/password/reset", X_Password_Reset_Key=key).expect(200, data__user__email=email)
    client.call("POST", "auth/password/reset", {"key": key, "password": "short"}).expect(400)
    client.call("POST", "auth/password/reset", {"key": key, "password": second}).expect(401)
    client.call("POST", "auth/password/reset", {"key": key, "password": first}).expect(400)
    client.call("POST", "auth/login", {"email": email, "password": first}).expect_error(
        "email_password_mismatch", "password"
    )
    client.call("POST", "auth/login", {"email": email, "password": second}).expect(200, data__user__email=email)
    # The template asks for a proof before an account is changed (ReauthenticationRequired).
    client.call("POST", "account/email", {"email": f"other-{email}"}).expect(401)
    client.call("POST", "auth/reauthenticate", {"password": second}).expect(200)
    other = f"other-{email}"
    client.call("POST", "account/email", {"email": other}).expect(200)
    client.call("POST", "auth/email/verify", {"key": inbox.link_key(other, "account/verify-email")}).expect(200)
    addresses = client.call("GET", "account/email").expect(200).body["data"]
    assert sorted(entry["email"] for entry in addresses) == sorted([email, other]), addresses
    client.call("GET", "account/providers").expect(200, data=[])
    second_factor(client, email, second)
    log_out(client)

    # Every route of the template, those that the journey has no use for as well.
    for method, path, body, status in (
        ("GET", "no/such/thing", None, 404),
        ("PATCH", "config", {}, 405),
        ("POST", "auth/code/request", {"email": email}, 404),
        ("POST", "auth/code/confirm", {"code": "123456"}, 409),
        ("POST", "auth/code/resend", {}, 404),
        ("POST", "auth/email/verify/resend", {}, 409),
        ("POST", "auth/phone/verify", {"code": "123456"}, 409),
        ("POST", "auth/phone/verify/resend", {}, 409),
        ("GET", "account/phone", None, 401),
        ("POST", "account/password/change", {"new_password": first}, 401),
        ("GET", "account/authenticators/webauthn", None, 404),
        ("GET", "auth/webauthn/login", None, 404),
        ("GET", "auth/provider/signup", None, 409),
        ("POST", "tokens/refresh", {"refresh_token": "none"}, 400 if client.name == "app" else 404),
    ):
        client.call(method, path, body).expect(status)


def second_factor(client, email, password):
    """Adds an authenticator app, and logs in with it. Its first code has been used by then, so a recovery code does."""
    client.call("POST", "auth/reauthenticate", {"password": password}).expect(200)
    secret = client.call("GET", "account/authenticators/totp").expect(404).body["meta"]["secret"]
    client.call("POST", "account/authenticators/totp", {"code": totp(secret)}).expect(200, data__type="totp")
    codes = client.call("GET", "account/authenticators/recovery-codes").expect(200).body["data"]["unused_codes"]
    log_out(client)
    login = client.call("POST", "auth/login", {"email": email, "password": password}).expect(401)
    assert login.pending() == ["mfa_authenticate"], login.pending()
    client.call("POST", "auth/2fa/authenticate", {"code": codes[0]}).expect(200, data__user__email=email)


def totp(secret):
    """The code of the moment (RFC 6238)."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.digest(key, int(time.time() // 30).to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 15
    return f"{(int.from_bytes(digest[offset : offset + 4], 'big') & 0x7FFFFFFF) % 10**6:06}"


def log_out(client):
    client.call("DELETE", "auth/session").expect(401, meta__is_authenticated=False)
    client.call("GET", "auth/session").expect(client.after_logout)
    if client.name == "app":
        client.token = None


def main():
    given = sys.argv[1:] or [os.environ.get("VESTIBULE_API"), os.environ.get("VESTIBULE_INBOX")]
    if len(given) != 2 or not all(given):
        sys.exit(__doc__)
    api, inbox = (address.rstrip("/") for address in given)
    for client in (Browser(api), App(api)):
        start = time.monotonic()
        print(f"{client.name}:", flush=True)
        try:
            journey(client, Inbox(inbox))
        except AssertionError as error:
            sys.exit(f"journey.py: {error}")
        print(f"{client.name}: complete in {time.monotonic() - start:.1f} s", flush=True)


if __name__ == "__main__":
    main()
