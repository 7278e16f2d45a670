"""Every way in that an account has, tried, and those that it does not have."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from conformance.clients import App, Missing, Reply
from conformance.passkey import Passkey
from conformance.scenario import WRONG_PASSWORD
from migration import providers
from migration.accounts import Account, expect
from migration.site import Site

AUTHENTICATE = "/auth/2fa/authenticate"
KEY = "/auth/webauthn/authenticate"
PASSKEY = "/auth/webauthn/login"

Step = Callable[[App], Reply]


@dataclass
class Proof:
    """Logs an account in at a site, and counts what it tried."""

    site: Site
    account: Account
    tried: int = 0

    def run(self) -> None:
        if not self.account.active:
            for name, first in self._passwords():
                self._try(name, self._gets_no_session, first)
            self._try("login code", self._gets_no_code)
            return
        for name, first in self._wrong_first_steps():
            self._try(name, self._is_refused, first)
        if self.account.has_factor:
            self._with_factors()
        else:
            for name, first in self._first_steps():
                self._try(name, self._enters, first)
        for key in self.account.passkeys:
            self._try("passkey", self._enters, by_key(key, self.site, PASSKEY))

    def _with_factors(self) -> None:
        """Tries each first step and each second factor, but not each with each."""
        # Spares the server a password hash.
        by_code = self._by_code(*self.account.name)
        for name, wrong in self._wrong_factors():
            self._try(name, self._stays_out, by_code, wrong)
        factors = list(self._factors())
        firsts = list(self._first_steps())
        firsts += [("login code", by_code)] * (len(factors) - len(firsts))
        for number, (name, first) in enumerate(firsts):
            if number < len(factors):
                factor_name, factor = factors[number]
                self._try(f"{name}, {factor_name}", self._enters, first, factor)
            elif self.account.keys:
                # Keys can be used as often as one likes; an app has two codes a minute.
                key = by_key(self.account.keys[0], self.site)
                self._try(name, self._enters, first, key)
            else:
                self._try(name, self._asks_for_a_factor, first)

    def _try(self, name: str, attempt: Callable[..., None], *steps: Step) -> None:
        self.tried += 1
        try:
            attempt(*steps)
        except (Missing, httpx.HTTPError) as wrong:
            raise Missing(f"{self.account}, {name}: {wrong!r}") from None

    # What there is to try

    def _first_steps(self) -> Iterator[tuple[str, Step]]:
        account = self.account
        yield from self._passwords()
        if account.verified:
            for email in account.emails:
                yield "login code by mail", self._by_code("email", email)
        if account.phone and account.phone_verified:
            yield "login code by text message", self._by_code("phone", account.phone)
        for provider in account.providers:
            yield provider, self._by_provider(provider)

    def _passwords(self) -> Iterator[tuple[str, Step]]:
        if self.account.password is not None:
            for name, value in self._identifiers():
                data = {name: value, "password": self.account.password}
                yield f"password and {name}", by_post("/auth/login", data)

    def _identifiers(self) -> Iterator[tuple[str, str]]:
        account = self.account
        for email in account.emails:
            yield "email", email
        if account.username:
            yield "username", account.username
        if account.phone and account.phone_verified:
            yield "phone", account.phone

    def _wrong_first_steps(self) -> Iterator[tuple[str, Step]]:
        wrong = [WRONG_PASSWORD, self.account.old_password]
        for password in filter(None, wrong):
            name, value = self.account.name
            data = {name: value, "password": password}
            yield "a wrong password", by_post("/auth/login", data)
        if self.account.password is None:
            for password in ("!", ""):
                data = {"email": self.account.emails[0], "password": password}
                yield "no password", by_post("/auth/login", data)

    def _factors(self) -> Iterator[tuple[str, Step]]:
        account = self.account
        for key in account.keys + account.passkeys:
            yield "security key", by_key(key, self.site)
        if account.totp:
            code = account.totp_code
            yield "TOTP", lambda client: client.post(AUTHENTICATE, {"code": code()})
        if account.unused_codes:
            yield "recovery code", self._recovery_code

    def _wrong_factors(self) -> Iterator[tuple[str, Step]]:
        account = self.account
        for code in account.used_codes:
            yield "used recovery code", by_post(AUTHENTICATE, {"code": code})
        if account.totp:
            data = {"code": account.wrong_totp_code()}
            yield "wrong TOTP", by_post(AUTHENTICATE, data)
        if account.keys:
            name = f"stranger {account.number}"
            yield "a stranger's key", by_key(Passkey(name, self.site.origin), self.site)

    def _by_code(self, kind: str, to: str) -> Step:
        def step(client: App) -> Reply:
            client.post("/auth/code/request", {kind: to})
            code = self.site.code(to)
            return client.post("/auth/code/confirm", {"code": code})

        return step

    def _by_provider(self, provider: str) -> Step:
        return lambda client: providers.send(
            self.site, client, self.account, provider, "login"
        )

    def _recovery_code(self, client: App) -> Reply:
        code = self.account.unused_codes.pop()
        self.account.used_codes.append(code)
        return client.post(AUTHENTICATE, {"code": code})

    # What is to come of it

    def _asks_for_a_factor(self, first: Step) -> None:
        with self.site.client() as client:
            self._needs_factor(first(client))

    def _enters(self, first: Step, factor: Step | None = None) -> None:
        with self.site.client() as client:
            reply = first(client)
            reply = self._verified(client, reply)
            if factor is not None:
                self._needs_factor(reply)
                reply = factor(client)
            expect(reply, 200)
            self._is_the_same(client)

    def _is_the_same(self, client: App) -> None:
        """Who is logged in is who it was before, with the same authenticators."""
        account = self.account
        user = expect(client.get("/auth/session"), 200).get("data.user")
        account.user = account.user or user
        if user != account.user:
            raise Missing(f"logs in as {user}, not as {account.user}")
        listed = expect(client.get("/account/authenticators"), 200).get("data")
        found = sorted(map(_authenticator, listed))
        expected = [("webauthn", name) for name in account.names]
        expected += [("totp", "")] if account.totp else []
        if account.unused_codes or account.used_codes:
            expected.append(("recovery_codes", str(len(account.unused_codes))))
        if found != sorted(expected):
            raise Missing(f"has the authenticators {found}, not {sorted(expected)}")

    def _verified(self, client: App, reply: Reply) -> Reply:
        """Verifies what the login waits for, if that never was."""
        account = self.account
        waits = pending(reply) if reply.status == 401 else []
        if waits == ["verify_email"] and not account.verified:
            key = self.site.key(account.emails[0])
            account.verified = True
            reply = client.post("/auth/email/verify", {"key": key})
            return self._verified(client, reply)
        if waits == ["verify_phone"] and not account.phone_verified:
            code = self.site.code(account.phone or "")
            account.phone_verified = True
            reply = client.post("/auth/phone/verify", {"code": code})
            return self._verified(client, reply)
        return reply

    def _needs_factor(self, reply: Reply) -> None:
        expect(reply, 401)
        if pending(reply) != ["mfa_authenticate"]:
            raise Missing(f"no second factor is asked for: {reply.json}")

    def _is_refused(self, first: Step) -> None:
        with self.site.client() as client:
            expect(first(client), 400)
            expect(client.get("/auth/session"), 401)

    def _gets_no_session(self, first: Step) -> None:
        with self.site.client() as client:
            first(client)
            expect(client.get("/auth/session"), 401)

    def _gets_no_code(self) -> None:
        email = self.account.emails[0]
        with self.site.client() as client:
            client.post("/auth/code/request", {"email": email})
            if self.site.has_code(email):
                raise Missing("a login code is sent")

    def _stays_out(self, first: Step, factor: Step) -> None:
        with self.site.client() as client:
            self._needs_factor(first(client))
            expect(factor(client), 400)
            expect(client.get("/auth/session"), 401)


def by_post(path: str, data: dict[str, str]) -> Step:
    return lambda client: client.post(path, data)


def by_key(key: Passkey, site: Site, path: str = KEY) -> Step:
    def step(client: App) -> Reply:
        options = client.get(path).get("data.request_options")
        key.origin = site.origin
        return client.post(path, {"credential": key.get(options)})

    return step


def _authenticator(listed: dict[str, Any]) -> tuple[str, str]:
    """Its type, and its name or how many codes are left."""
    of_its_type = listed.get("name", listed.get("unused_code_count", ""))
    return listed["type"], str(of_its_type)


def pending(reply: Reply) -> list[str]:
    return [flow["id"] for flow in reply.get("data.flows") if flow.get("is_pending")]
