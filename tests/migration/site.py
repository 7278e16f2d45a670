"""The sites that accounts move between, and what somebody needs to log in there."""

import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from conformance import idp
from conformance.clients import App, Browser, Missing, Reply
from conformance.idp import IdentityProvider
from conformance.mail import Links, Mail, Mailbox
from conformance.runner import with_provider
from conformance.settings import (
    BASELINE,
    NO_RATE_LIMITS,
    Settings,
    as_environment,
)
from conformance.worlds import (
    HERE,
    REFERENCE,
    ProjectConfig,
    ProjectWorld,
    ReferenceWorld,
    World,
)

# Where accounts log in in every way that there is.
SETTINGS: Settings = (
    BASELINE
    | NO_RATE_LIMITS
    | {
        "ACCOUNT_LOGIN_BY_CODE_ENABLED": True,
        "ACCOUNT_LOGIN_METHODS": ["email", "username", "phone"],
        "ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION": True,
        "ACCOUNT_SIGNUP_FIELDS": ["email*", "username", "phone", "password1"],
        "ACCOUNT_USER_MODEL_USERNAME_FIELD": "username",
        "MFA_PASSKEY_LOGIN_ENABLED": True,
        "MFA_SUPPORTED_TYPES": ["totp", "webauthn", "recovery_codes"],
        "MFA_TOTP_TOLERANCE": 1,
        "SOCIALACCOUNT_PROVIDERS": {"openid_connect": {"APPS": [idp.app()]}},
        "SOCIALACCOUNT_STORE_TOKENS": True,
    }
)
# What a sign-up with a passkey needs.
BY_CODE: Settings = {
    "ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED": True,
    "MFA_PASSKEY_SIGNUP_ENABLED": True,
}

# What a sign-up with a phone number alone needs.
BY_PHONE: Settings = {
    "ACCOUNT_EMAIL_VERIFICATION": "none",
    "ACCOUNT_SIGNUP_FIELDS": ["phone*", "username", "password1*"],
}

HASHERS = {
    "pbkdf2_sha256": "PBKDF2PasswordHasher",
    "pbkdf2_sha1": "PBKDF2SHA1PasswordHasher",
    "argon2": "Argon2PasswordHasher",
    "bcrypt_sha256": "BCryptSHA256PasswordHasher",
    "bcrypt": "BCryptPasswordHasher",
    "scrypt": "ScryptPasswordHasher",
}

# How many accounts are made or proved at a time.
JOBS = 3

# The apps whose rows are accounts; that of the user model first.
MODELS = ("refserver", "account", "socialaccount", "mfa")


class Site:
    """A running server with its mailbox, and the provider that it knows."""

    patience = 20.0

    def __init__(self, world: World, provider: IdentityProvider) -> None:
        self.provider = provider
        self.origin = world.base_url
        self._mailbox = Mailbox(world.mail_url)
        self._mailbox.clear()
        self._mails: list[Mail] = []
        self._lock = threading.Lock()
        self._links = Links(world.settings["HEADLESS_FRONTEND_URLS"])

    def close(self) -> None:
        self._mailbox.close()

    def client(self) -> AbstractContextManager[App]:
        return closing(App(self.origin, "app", _forget))

    def browser(self) -> AbstractContextManager[Browser]:
        return closing(Browser(self.origin, "browser", _forget))

    def code(self, to: str) -> str:
        """The code in the latest mail or text message to this one; reads it."""
        return self._latest(to, lambda mail: mail.code() or "")

    def has_code(self, to: str) -> bool:
        """Whether a code comes to this one within a second."""
        deadline = time.monotonic() + 1
        return bool(self._find(to, lambda mail: mail.code() or "", deadline))

    def key(self, to: str) -> str:
        """The key of the latest link that verifies this email address."""

        def key(mail: Mail) -> str:
            found = self._links.find(mail)
            return found[1] if found and found[0] == "account_confirm_email" else ""

        return self._latest(to, key)

    def _latest(self, to: str, find: Callable[[Mail], str]) -> str:
        if found := self._find(to, find, time.monotonic() + self.patience):
            return found
        raise Missing(f"no such mail to {to}")

    def _find(self, to: str, find: Callable[[Mail], str], deadline: float) -> str:
        while time.monotonic() < deadline:
            with self._lock:
                self._mails += self._mailbox.fresh()
                for mail in reversed(self._mails):
                    if to in mail.to and (found := find(mail)):
                        self._mails.remove(mail)
                        return found
            time.sleep(0.05)
        return ""


class Django:
    """The real django-allauth: a database, and servers on it, one after the other."""

    def __init__(self, folder: Path, provider: IdentityProvider, ids: str) -> None:
        self._folder = folder
        self._provider = provider
        self._environment = {"REFERENCE_DATA": str(folder), "REFERENCE_USER_ID": ids}

    @contextmanager
    def serve(self, hasher: str, **settings: Any) -> Iterator[Site]:
        """Serves it. New passwords are hashed by this hasher, and all others known."""
        first = HASHERS[hasher]
        hashers = [first] + [name for name in HASHERS.values() if name != first]
        own = {
            "PASSWORD_HASHERS": [f"django.contrib.auth.hashers.{x}" for x in hashers],
        } | self._environment
        settings = with_provider(SETTINGS | settings, self._provider.url)
        world = _DjangoWorld(settings, own)
        with running(world, self._provider) as site:
            yield site

    def manage(self, *arguments: str, script: str = "") -> str:
        """Runs Django's command line; `shell` reads a script."""
        command = ["./manage.sh", *arguments]
        environment = os.environ | self._environment
        done = subprocess.run(
            command,
            cwd=REFERENCE,
            env=environment,
            input=script,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise Missing(f"{command}: {done.returncode}\n{done.stderr[-4000:]}")
        return done.stdout

    def dump(self, file: Path) -> None:
        self.manage("dumpdata", "--format", "jsonl", "--output", str(file), *MODELS)

    def load(self, file: Path) -> None:
        self._folder.mkdir()
        self.manage("migrate", "--run-syncdb", "--verbosity", "0")
        self.manage("loaddata", str(file))

    def shell(self, script: str) -> str:
        models = "from refserver.models import User\n"
        return self.manage("shell", script=models + script)


class _DjangoWorld(ReferenceWorld):
    def __init__(self, settings: Settings, own: Settings) -> None:
        super().__init__(settings)
        self._own = own

    def _command(self) -> tuple[list[str], Path, dict[str, str]]:
        command, folder, environment = super()._command()
        command += ["--workers", str(JOBS)]
        return command, folder, environment | as_environment(self._own)


class Vestibule(ProjectWorld):
    """The local stack, in memory, and the program beside it."""

    def __init__(
        self, program: str | None, provider: IdentityProvider, ids: str
    ) -> None:
        config = ProjectConfig.read(HERE / "project.toml")
        if program is None:
            config.prepare()
        else:
            config = replace(config, start=[program, *config.start[1:]])
        config.start.append("--ephemeral")
        self._program = config.start[0]
        own = {"ACCOUNT_ID_FORMAT": ids, "MFA_WEBAUTHN_RP_ID": "localhost"}
        super().__init__(with_provider(SETTINGS | own, provider.url), config)

    def run(self, *arguments: str) -> str:
        """Runs the program against this stack, and returns what it prints."""
        done = self.call(*arguments)
        if done.returncode:
            said = (done.stdout + done.stderr)[-4000:]
            raise Missing(f"vestibule {arguments}: {done.returncode}\n{said}")
        return done.stdout

    def call(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs the program against this stack, whatever its exit status."""
        return subprocess.run(
            [self._program, *arguments],
            cwd=self._config.checkout,
            env=os.environ | self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )


@contextmanager
def running(world: World, provider: IdentityProvider) -> Iterator[Site]:
    world.start()
    try:
        site = Site(world, provider)
        yield site
        site.close()
    finally:
        world.stop()


def _forget(actor: str, request: str, reply: Reply) -> None:
    """What was asked is not compared here."""
