"""The move: accounts are made, dumped, taken in, given back, and proved each time."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from pathlib import Path

import pyrage  # type: ignore[import-untyped]

from conformance.clients import Missing
from conformance.idp import IdentityProvider
from migration import accounts, documents, rows, services
from migration.accounts import Account, Kind, expect, make
from migration.site import (
    BY_CODE,
    BY_PHONE,
    HASHERS,
    JOBS,
    Django,
    Site,
    Vestibule,
    running,
)
from migration.ways import Proof

# The user model of the reference, and where its columns belong.
USER_MODEL = (
    "--user-model",
    "refserver.user",
    "--phone-field",
    "phone",
    "--phone-verified-field",
    "phone_verified",
)

# The exit status of an import that leaves accounts out.
LEFT_OUT = 3


class Move:
    def __init__(
        self,
        folder: Path,
        provider: IdentityProvider,
        *,
        few: bool = False,
        ids: str = "integer",
    ) -> None:
        folder.mkdir(exist_ok=True)
        self._folder = folder
        self._ids = ids
        self._kinds = accounts.with_password
        self._hashers = list(HASHERS)
        if ids == "uuid":
            # Hashes do not depend on it.
            self._kinds = [accounts.plain, accounts.superuser, accounts.with_everything]
            self._hashers, few = ["argon2"], False
        self._provider = provider
        self._few = few
        self._accounts: list[Account] = []
        self._origin = self._django("origin")
        self._started = time.monotonic()

    def from_django_to_django(self) -> None:
        """As a check of the proof itself: what Django dumps, Django loads."""
        dump = self._folder / "dump.jsonl"
        self.make(dump)
        self._same_rows(dump, dump)
        self._go_back(dump)

    def in_and_out(self, program: str | None) -> None:
        """From Django to Vestibule, and back."""
        dump = self._folder / "dump.jsonl"
        self.make(dump)
        vestibule = Vestibule(program, self._provider, self._ids)
        with running(vestibule, self._provider) as site:
            self._move_in(vestibule, dump)
            self._same_rows(dump, self._export(vestibule, "before"))
            self._prove(site, self._accounts, "in Vestibule")
            self._newer_dump(vestibule, site)
            self._add(site, self._kinds, "in Vestibule")
            self._add(
                site, accounts.without_password, "in Vestibule, without a password"
            )
            after = self._export(vestibule, "after")
            self._other_services(vestibule, site)
        self._go_back(after)

    def _move_in(self, vestibule: Vestibule, dump: Path) -> None:
        """Imports it: first for the report, then twice, as after a broken-off run."""
        vestibule.run(*_import(dump), "--dry-run")
        if _lines(self._export(vestibule, "dry-run")):
            raise Missing("the dry run has written accounts")
        known = len(self._accounts)
        for added, unchanged in ((known, 0), (0, known)):
            told = vestibule.run(*_import(dump))
            wanted = f"added: {added}, replaced: 0, unchanged: {unchanged},"
            if wanted not in told:
                raise Missing(f"the import says {told}, and not {wanted}")
        self._say("imported, and again")

    def _same_rows(self, dump: Path, export: Path) -> None:
        """What went in comes out: an empty Django that loads it has the same rows."""
        django = self._django("empty")
        django.load(export)
        again = self._folder / "again.jsonl"
        django.dump(again)
        if found := rows.differences(rows.read(dump), rows.read(again)):
            raise Missing("\n".join(["rows differ after a way in and out:", *found]))
        self._say("the same rows come out again")

    def _export(self, vestibule: Vestibule, name: str) -> Path:
        key = pyrage.x25519.Identity.generate()
        sealed, file = self._folder / f"{name}.age", self._folder / f"{name}.jsonl"
        options = ["--with-secrets", "--to-public-key", str(key.to_public())]
        options += ["--into", str(sealed), *USER_MODEL]
        vestibule.run("export", "--format", "django", *options)
        file.write_bytes(pyrage.decrypt(sealed.read_bytes(), [key]))
        return file

    def _newer_dump(self, vestibule: Vestibule, site: Site) -> None:
        """Moves in what has changed in Django since, unless it has changed here."""
        [changed, *_], [both, *_] = self._of("plain"), self._of("superuser")
        with self._origin.serve("argon2") as origin:
            new = make(origin, accounts.plain, len(self._accounts) + 1)
            change_password(origin, both, "Only-In-Django-7")
            both.password, both.old_password = both.old_password, both.password
            change_password(origin, changed, "Since-Then-Other-6")
        change_password(site, both, "Only-In-Vestibule-5")
        dump = self._folder / "newer.jsonl"
        self._origin.dump(dump)
        done = vestibule.call(*_import(dump))
        unchanged = len(self._accounts) - 2
        wanted = (
            f"added: 1, replaced: 1, unchanged: {unchanged}, changed on both sides: 1,"
        )
        if done.returncode != LEFT_OUT or wanted not in done.stdout:
            raise Missing(f"the import ends with {done}, and not {wanted}")
        self._accounts.append(new)
        self._prove(site, [new, changed, both], "in Vestibule after a newer dump")

    def _other_services(self, vestibule: Vestibule, site: Site) -> None:
        """Imports what the scripts of docs/migration-from.md make."""
        for service in services.EXPORTS:
            file = services.convert(self._folder, service)
            vestibule.run("import", "jsonl", str(file), "--mixed-ids")
        with site.client() as client:
            data = {"email": "ann@firebase.example", "password": "user1password"}
            expect(client.post("/auth/login", data), 200)
        self._say(f"imported from {', '.join(services.EXPORTS)}")

    def make(self, dump: Path) -> None:
        """Makes accounts with each hasher, and the dump.

        They log in before the server of the next hasher would hash them anew.
        """
        for position, hasher in enumerate(self._hashers):
            kinds = self._kinds
            if self._few:
                kinds = kinds[position :: len(self._hashers)]
            with self._origin.serve(hasher) as site:
                self._add(site, kinds, f"with {hasher}")
        with self._origin.serve("argon2") as site:
            self._add(site, accounts.without_password, "without a password")
        with self._origin.serve("argon2", **BY_CODE) as site:
            self._add(site, accounts.by_code, "with email addresses verified by code")
        with self._origin.serve("argon2", **BY_PHONE) as site:
            self._add(site, accounts.by_phone, "without an email address")
        # What its admin does, and that API cannot.
        self._origin.shell(
            "users = User.objects\n"
            f"users.filter(email__in={self._emails('inactive')}).update(is_active=False)\n"
            f"users.filter(email__in={self._emails('superuser')})"
            ".update(is_superuser=True, is_staff=True)\n"
        )
        for account in self._accounts:
            account.active = account.kind != "inactive"
        self._origin.dump(dump)
        self._say(f"{len(self._accounts)} accounts, {_lines(dump)} rows dumped")

    def _add(self, site: Site, kinds: Sequence[Kind], how: str) -> None:
        first = len(self._accounts) + 1
        with ThreadPoolExecutor(JOBS) as pool:
            numbers = range(first, first + len(kinds))
            made = list(pool.map(make, repeat(site), kinds, numbers))
        self._say(f"{len(made)} accounts made {how}")
        # The others are to be as they are when they move.
        self._prove(site, [a for a in made if a.verified], "where they were made")
        self._accounts += made

    def _prove(self, site: Site, made: Sequence[Account], where: str) -> None:
        """Tries everything, and fails at the end of it with all that is wrong."""
        proofs = [Proof(site, account) for account in made]
        with ThreadPoolExecutor(JOBS) as pool:
            failures = [said for said in pool.map(_failure, proofs) if said]
        if failures:
            failures.insert(0, f"{len(failures)} accounts fail {where}:")
            raise Missing("\n".join(failures))
        tried = sum(proof.tried for proof in proofs)
        self._say(f"{len(made)} accounts proved {where}: {tried} ways tried")

    def _go_back(self, export: Path) -> None:
        """Puts what is exported in the place of what was there, and logs all in."""
        script = documents.script("migration.md", "going_back.py")
        said = self._origin.shell(script.replace("accounts.jsonl", str(export)))
        if "deleted meanwhile: []" not in said:
            raise Missing(f"going back: {said}")
        staff = "print(list(User.objects.filter(is_staff=True).values_list('email')))"
        if self._emails("superuser")[0] not in self._origin.shell(staff):
            raise Missing("going back has changed columns that Vestibule does not know")
        with self._origin.serve("pbkdf2_sha256") as site:
            reached = [account for account in self._accounts if account.emails]
            self._prove(site, reached, "back in Django")
        with self._origin.serve("pbkdf2_sha256", **BY_PHONE) as site:
            others = [account for account in self._accounts if not account.emails]
            self._prove(site, others, "back in Django, without an email address")

    def _django(self, name: str) -> Django:
        return Django(self._folder / name, self._provider, self._ids)

    def _of(self, kind: str) -> list[Account]:
        return [account for account in self._accounts if account.kind == kind]

    def _emails(self, kind: str) -> list[str]:
        return [account.emails[0] for account in self._of(kind)]

    def _say(self, what: str) -> None:
        seconds = time.monotonic() - self._started
        print(f"{seconds:6.0f} s  {what}", flush=True)


def _import(dump: Path) -> list[str]:
    return ["import", "django", str(dump), "--superusers", *USER_MODEL]


def change_password(site: Site, account: Account, new: str) -> None:
    with site.client() as client:
        data = {"email": account.emails[0], "password": account.password}
        expect(client.post("/auth/login", data), 200)
        data = {"current_password": account.password, "new_password": new}
        expect(client.post("/account/password/change", data), 200)
    account.old_password, account.password = account.password, new


def _failure(proof: Proof) -> str:
    try:
        proof.run()
    except Missing as missing:
        return str(missing)
    return ""


def _lines(file: Path) -> int:
    with file.open() as lines:
        return sum(1 for _ in lines)
