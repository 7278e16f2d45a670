"""Accounts in every state that the headless API makes, and what their owners have."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from conformance import totp
from conformance.clients import App, Missing, Reply
from conformance.passkey import Passkey
from conformance.scenario import PASSWORD
from migration import providers
from migration.site import Site

CODES = "/account/authenticators/recovery-codes"
KEYS = "/account/authenticators/webauthn"
TOTP = "/account/authenticators/totp"
PASSKEY_SIGNUP = "/auth/webauthn/signup"


@dataclass
class Account:
    """What somebody knows and has: what logs them in, and what no longer does."""

    kind: str
    # No other account has it: email addresses, username, phone number and the
    # identifiers at providers follow from it.
    number: int
    # What `data.user` was at the first login.
    user: dict[str, Any] = field(default_factory=dict)
    password: str | None = PASSWORD
    old_password: str | None = None
    username: str | None = None
    phone: str | None = None
    phone_verified: bool = True
    # The primary one first.
    emails: list[str] = field(default_factory=list)
    verified: bool = True
    active: bool = True
    totp: str | None = None
    unused_codes: list[str] = field(default_factory=list)
    used_codes: list[str] = field(default_factory=list)
    keys: list[Passkey] = field(default_factory=list)
    passkeys: list[Passkey] = field(default_factory=list)
    # Of keys and passkeys.
    names: list[str] = field(default_factory=list)
    providers: list[str] = field(default_factory=list)
    _last_step: int = 0

    def __post_init__(self) -> None:
        self.emails = [self.email_of("user")]

    def __str__(self) -> str:
        return f"{self.kind} ({self.name[1]}, id {self.id})"

    @property
    def name(self) -> tuple[str, str]:
        """What logs it in together with a password: which it is, and its value."""
        if self.emails:
            return "email", self.emails[0]
        return "phone", self.phone or ""

    @property
    def id(self) -> Any:
        return self.user.get("id")

    def email_of(self, name: str) -> str:
        return f"{name}.{self.number}@example.com"

    @property
    def has_factor(self) -> bool:
        return bool(self.totp or self.keys or self.passkeys)

    def totp_code(self) -> str:
        """A code that was not used before, of this period or the one after."""
        assert self.totp is not None
        while True:
            now = int(time.time()) // 30
            step = max(now, self._last_step + 1)
            if step <= now + 1:
                self._last_step = step
                return totp.code(self.totp, step * 30)
            time.sleep(0.5)

    def wrong_totp_code(self) -> str:
        """A code of no period around this one."""
        assert self.totp is not None
        now = int(time.time()) // 30
        near = {totp.code(self.totp, (now + step) * 30) for step in range(-5, 6)}
        return next(c for c in (f"{n:06}" for n in range(12)) if c not in near)


@dataclass
class Making:
    """An account that is being made: where, and by whom, who is logged in."""

    site: Site
    account: Account
    client: App

    def sign_up(self, **more: str) -> None:
        data = {"email": self.account.emails[0], "password": self.account.password}
        data |= more
        self.client.post("/auth/signup", {k: v for k, v in data.items() if v})

    def verify(self, email: str) -> None:
        reply = self.client.post("/auth/email/verify", {"key": self.site.key(email)})
        expect(reply, 200)

    def verify_phone(self) -> None:
        code = self.site.code(self.account.phone or "")
        expect(self.client.post("/auth/phone/verify", {"code": code}), 200)

    def reauthenticate(self) -> None:
        """As authenticators ask for: by a code, which spares the server a hash."""
        email = self.account.emails[0]
        self.client.post("/auth/reauthenticate/code/request", {"email": email})
        data = {"code": self.site.code(email)}
        expect(self.client.post("/auth/reauthenticate/code/confirm", data), 200)

    def add_email(self, name: str) -> str:
        email = self.account.email_of(name)
        expect(self.client.post("/account/email", {"email": email}), 200)
        return email

    def add_totp(self) -> None:
        self.account.totp = self.client.get(TOTP).get("meta.secret")
        expect(self.client.post(TOTP, {"code": self.account.totp_code()}), 200)
        self.read_codes()

    def read_codes(self) -> None:
        codes = expect(self.client.get(CODES), 200).get("data.unused_codes")
        self.account.unused_codes = codes

    def use_codes(self, number: int) -> None:
        for _ in range(number):
            # From the middle, so that those used are no beginning of the list.
            code = self.account.unused_codes.pop(len(self.account.unused_codes) // 2)
            reply = self.client.post("/auth/2fa/reauthenticate", {"code": code})
            expect(reply, 200)
            self.account.used_codes.append(code)

    def add_key(self, name: str, *, passwordless: bool = False) -> None:
        query = "?passwordless" if passwordless else ""
        options = self.client.get(KEYS + query).get("data.creation_options")
        key = Passkey(f"{name} {self.account.number}", self.site.origin)
        credential = key.create(options, resident=passwordless)
        reply = self.client.post(KEYS, {"name": name, "credential": credential})
        expect(reply, 200)
        (self.account.passkeys if passwordless else self.account.keys).append(key)
        self.account.names.append(name)
        self.read_codes()

    def send_token(self, provider: str, process: str) -> None:
        reply = providers.send(self.site, self.client, self.account, provider, process)
        expect(reply, 200)
        self.account.providers.append(provider)

    def change_password(self, new: str) -> None:
        data = {"current_password": self.account.password, "new_password": new}
        expect(self.client.post("/account/password/change", data), 200)
        self.account.old_password, self.account.password = self.account.password, new


Kind = Callable[[Making], None]
# Those with a password, and those that have none.
with_password: list[Kind] = []
without_password: list[Kind] = []
# Those that sign up where email addresses are verified by code.
by_code: list[Kind] = []
# Those that sign up where no email address is asked for.
by_phone: list[Kind] = []


def kind(of: list[Kind]) -> Callable[[Kind], Kind]:
    def register(function: Kind) -> Kind:
        of.append(function)
        return function

    return register


def make(site: Site, function: Kind, number: int) -> Account:
    account = Account(function.__name__.replace("_", " "), number)
    with site.client() as client:
        try:
            function(Making(site, account, client))
            if account.verified:
                account.user = client.get("/auth/session").get("data.user")
        except (Missing, httpx.HTTPError) as wrong:
            raise Missing(f"cannot make {account}: {wrong!r}") from None
    return account


def expect(reply: Reply, status: int) -> Reply:
    if reply.status != status:
        raise Missing(f"expected {status}, got {reply.status}: {reply.json}")
    return reply


def signed_up(m: Making, **more: str) -> None:
    m.sign_up(**more)
    m.verify(m.account.emails[0])


def recently_proved(m: Making) -> None:
    signed_up(m)
    m.reauthenticate()


@kind(with_password)
def plain(m: Making) -> None:
    signed_up(m)


@kind(with_password)
def with_a_username(m: Making) -> None:
    m.account.username = f"Person-{m.account.number}"
    signed_up(m, username=m.account.username)


@kind(with_password)
def with_a_phone_number(m: Making) -> None:
    signed_up(m)
    m.account.phone = f"+3161234{m.account.number:04}"
    reply = m.client.post("/account/phone", {"phone": m.account.phone})
    expect(reply, 202)
    m.verify_phone()


@kind(with_password)
def with_an_unverified_phone_number(m: Making) -> None:
    m.account.phone = f"+3161234{m.account.number:04}"
    m.account.verified = m.account.phone_verified = False
    m.sign_up(phone=m.account.phone)


@kind(with_password)
def with_two_email_addresses(m: Making) -> None:
    signed_up(m)
    email = m.add_email("second")
    m.verify(email)
    expect(m.client.patch("/account/email", {"email": email, "primary": True}), 200)
    m.account.emails.insert(0, email)


@kind(with_password)
def with_an_unverified_second_email_address(m: Making) -> None:
    signed_up(m)
    m.add_email("unverified")


@kind(with_password)
def unverified(m: Making) -> None:
    m.sign_up()
    m.account.verified = False


@kind(with_password)
def inactive(m: Making) -> None:
    signed_up(m)


@kind(with_password)
def superuser(m: Making) -> None:
    signed_up(m)


@kind(with_password)
def with_an_unusual_password(m: Making) -> None:
    m.account.password = "  Pässwörd-ünicode-☃ 🐴 $1$ "
    signed_up(m)


@kind(with_password)
def with_another_password_than_at_first(m: Making) -> None:
    signed_up(m)
    m.change_password("Battery-Staple-8")


@kind(with_password)
def with_totp(m: Making) -> None:
    recently_proved(m)
    m.add_totp()


@kind(with_password)
def with_half_of_the_recovery_codes(m: Making) -> None:
    recently_proved(m)
    m.add_totp()
    m.use_codes(5)


@kind(with_password)
def without_a_recovery_code_left(m: Making) -> None:
    recently_proved(m)
    m.add_totp()
    m.use_codes(10)


@kind(with_password)
def with_a_security_key(m: Making) -> None:
    recently_proved(m)
    m.add_key("Key of steel")


@kind(with_password)
def with_totp_and_two_security_keys(m: Making) -> None:
    recently_proved(m)
    m.add_totp()
    m.add_key("First key")
    m.add_key("Zweiter Schlüssel")
    m.use_codes(1)


@kind(with_password)
def with_a_passkey(m: Making) -> None:
    recently_proved(m)
    m.add_key("Phone", passwordless=True)


@kind(with_password)
def with_two_providers(m: Making) -> None:
    signed_up(m)
    m.send_token(providers.DUMMY, "connect")
    m.send_token(providers.OPENID_CONNECT, "connect")


@kind(with_password)
def with_tokens_of_a_provider(m: Making) -> None:
    signed_up(m)
    with m.site.browser() as browser:
        data = {"email": m.account.emails[0], "password": m.account.password}
        expect(browser.post("/auth/login", data), 200)
        providers.connect_by_redirect(m.site, browser, m.account)
    m.account.providers.append(providers.OPENID_CONNECT)


@kind(with_password)
def with_everything(m: Making) -> None:
    m.account.username = f"Everything.{m.account.number}"
    signed_up(m, username=m.account.username)
    email = m.add_email("second")
    m.verify(email)
    m.account.emails.append(email)
    m.send_token(providers.DUMMY, "connect")
    m.reauthenticate()
    m.add_totp()
    m.add_key("Key")
    m.add_key("Passkey", passwordless=True)
    m.use_codes(3)


@kind(without_password)
def with_login_codes_only(m: Making) -> None:
    m.account.password = None
    signed_up(m)


@kind(without_password)
def signed_up_with_a_provider(m: Making) -> None:
    m.account.password = None
    m.send_token(providers.DUMMY, "login")


@kind(without_password)
def signed_up_with_openid_connect(m: Making) -> None:
    m.account.password = None
    m.send_token(providers.OPENID_CONNECT, "login")
    m.reauthenticate()
    m.add_totp()


@kind(by_code)
def signed_up_with_a_passkey(m: Making) -> None:
    m.account.password = None
    email = m.account.emails[0]
    m.client.post(PASSKEY_SIGNUP, {"email": email})
    m.client.post("/auth/email/verify", {"key": m.site.code(email)})
    options = m.client.get(PASSKEY_SIGNUP).get("data.creation_options")
    key = Passkey(f"sign-up {m.account.number}", m.site.origin)
    data = {"name": "My phone", "credential": key.create(options)}
    expect(m.client.put(PASSKEY_SIGNUP, data), 200)
    m.account.passkeys.append(key)
    m.account.names.append("My phone")


@kind(by_phone)
def with_a_phone_number_only(m: Making) -> None:
    account = m.account
    account.emails = []
    account.phone = f"+3161234{account.number:04}"
    data = {"phone": account.phone, "password": account.password}
    m.client.post("/auth/signup", data)
    m.verify_phone()


@kind(by_phone)
def with_a_phone_number_and_totp_only(m: Making) -> None:
    with_a_phone_number_only(m)
    data = {"password": m.account.password}
    expect(m.client.post("/auth/reauthenticate", data), 200)
    m.add_totp()
    m.use_codes(5)
