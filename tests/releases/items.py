"""Two releases in turn on one table: each uses and changes what the other has written. Run by tests/releases/run.

    items.py PROGRAM-BEFORE PROGRAM-NOW
"""

import json
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "sam"))
from journey import App, Inbox, totp  # noqa: E402

PASSWORD, NEW_PASSWORD = "Correct-Horse-77", "Battery-Staple-88"
START_SECONDS = 60


class Release:
    """A local stack of one release, on the data of all."""

    def __init__(self, name, program, data):
        self.name, self.program, self.data = name, program, data

    def __enter__(self):
        print(f"{self.name}:", flush=True)
        endpoints = self.data / "endpoints.json"
        endpoints.unlink(missing_ok=True)
        ports = ["--port", "0", "--inbox-port", "0", "--dynamodb-port", "0"]
        command = [self.program, "serve", *ports, "--data-dir", self.data]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        end = time.monotonic() + START_SECONDS
        while not endpoints.exists():
            if self.process.poll() is not None or time.monotonic() > end:
                sys.exit(f"items.py: {self.name} does not start: {self.process.stderr.read()}")
            time.sleep(0.1)
        # The last line of the banner: everything answers.
        for line in self.process.stdout:
            if line.startswith("Ctrl-C"):
                break
        found = json.loads(endpoints.read_text())
        self.api, self.inbox = found["api"], Inbox(found["inbox"])
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=START_SECONDS)


class Person:
    """An account with a second factor, a session that goes on, and links that are still to be followed."""

    def __init__(self, name):
        self.email = f"{name}@example.com"
        self.newcomer, self.forgetful = f"{name}-new@example.com", f"{name}-reset@example.com"
        self.emails = [self.email, f"other-{self.email}"]
        self.password = PASSWORD

    def sign_up(self, release, email):
        app = App(release.api)
        app.call("POST", "auth/signup", {"email": email, "password": PASSWORD}).expect(401)
        return app, release.inbox.link_key(email, "account/verify-email")

    def write(self, release):
        for email in (self.email, self.forgetful):
            app, key = self.sign_up(release, email)
            app.call("POST", "auth/email/verify", {"key": key}).expect(401)
        app = App(release.api)
        app.call("POST", "auth/login", {"email": self.email, "password": PASSWORD}).expect(200)
        app.call("POST", "account/email", {"email": self.emails[1]}).expect(200)
        key = release.inbox.link_key(self.emails[1], "account/verify-email")
        app.call("POST", "auth/email/verify", {"key": key}).expect(200)
        app.call("POST", "auth/reauthenticate", {"password": PASSWORD}).expect(200)
        secret = app.call("GET", "account/authenticators/totp").expect(404).body["meta"]["secret"]
        app.call("POST", "account/authenticators/totp", {"code": totp(secret)}).expect(200)
        codes = app.call("GET", "account/authenticators/recovery-codes").expect(200)
        self.codes = codes.body["data"]["unused_codes"]
        self.token = app.token
        _, self.verification = self.sign_up(release, self.newcomer)
        App(release.api).call("POST", "auth/password/request", {"email": self.forgetful}).expect(200)
        self.reset = release.inbox.link_key(self.forgetful, "account/password/reset/key")

    def use(self, release):
        """Reads everything, and writes to the account, to its session and to a new one."""
        app = App(release.api)
        app.token = self.token
        app.call("GET", "auth/session").expect(200, data__user__email=self.email)
        app.call("POST", "auth/reauthenticate", {"password": self.password}).expect(200)
        new = f"Horse-{len(self.codes)}-Battery-99"
        change = {"current_password": self.password, "new_password": new}
        app.call("POST", "account/password/change", change).expect(200)
        self.password = new
        emails = app.call("GET", "account/email").expect(200).body["data"]
        assert sorted(entry["email"] for entry in emails) == sorted(self.emails), emails
        self.token = app.token

        login = App(release.api)
        answer = login.call("POST", "auth/login", {"email": self.email, "password": self.password}).expect(401)
        assert answer.pending() == ["mfa_authenticate"], answer.pending()
        login.call("POST", "auth/2fa/authenticate", {"code": self.codes.pop()}).expect(200)
        login.call("DELETE", "auth/session").expect(401)

    def follow_links(self, release):
        app = App(release.api)
        app.call("POST", "auth/email/verify", {"key": self.verification}).expect(401)
        app.call("POST", "auth/login", {"email": self.newcomer, "password": PASSWORD}).expect(200)
        app = App(release.api)
        app.call("POST", "auth/password/reset", {"key": self.reset, "password": NEW_PASSWORD}).expect(401)
        app.call("POST", "auth/login", {"email": self.forgetful, "password": NEW_PASSWORD}).expect(200)


def main():
    with tempfile.TemporaryDirectory() as folder:
        data = pathlib.Path(folder)
        releases = [Release(name, program, data) for name, program in zip(("before", "now"), sys.argv[1:], strict=True)]
        old, new = Person("old"), Person("new")
        for release, writes, reads, follows in (
            (releases[0], [old], [], []),
            (releases[1], [new], [old], [old]),
            (releases[0], [], [new, old], [new]),
            (releases[1], [], [new, old], []),
        ):
            with release:
                for person in writes:
                    person.write(release)
                for person in reads:
                    person.use(release)
                for person in follows:
                    person.follow_links(release)
    print("releases: complete")


if __name__ == "__main__":
    try:
        main()
    except AssertionError as error:
        sys.exit(f"items.py: {error}")
