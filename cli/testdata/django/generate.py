"""Writes dump.jsonl, some accounts of the real django-allauth, and expected.json, what is in them that a dump does not say.

    . tests/reference/common.sh      # in tests/reference: its virtual environment
    python cli/testdata/django/generate.py

Secrets, keys and times are made anew with every run.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
TESTS = HERE.parents[2] / "tests"
sys.path[:0] = [str(TESTS / "reference"), str(TESTS)]
os.environ["DJANGO_SETTINGS_MODULE"] = "refserver.settings"
os.environ["REFERENCE_DATA"] = tempfile.mkdtemp(prefix="dump-")
os.environ["MFA_SUPPORTED_TYPES"] = '["totp", "webauthn", "recovery_codes"]'

import django

django.setup()

from allauth.account.models import EmailAddress
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from allauth.mfa.webauthn.internal.auth import WebAuthn
from allauth.socialaccount.models import SocialAccount, SocialToken
from conformance.passkey import Passkey, b64
from django.contrib.auth import hashers
from django.core.management import call_command
from django.utils import timezone
from refserver.models import User

PASSWORD = "Correct-Horse-9"


def hash_of(hasher):
    """A cheap one, as tests verify it without optimisation."""
    if hasher is None:
        return hashers.make_password(None)
    made = hashers.get_hasher(hasher)
    made.iterations, made.work_factor = 1000, 2**10
    return made.encode(PASSWORD, made.salt())


def user(name, hasher=None, **more):
    return User.objects.create(email=f"{name}@example.com", password=hash_of(hasher), **more)


def address(owner, email=None, verified=True, primary=True):
    EmailAddress.objects.create(
        user=owner, email=email or owner.email, verified=verified, primary=primary
    )


def main():
    call_command("migrate", verbosity=0)
    expected = {"password": PASSWORD}

    ann = user("ann", "pbkdf2_sha1", username="ann", first_name="Ann", last_login=timezone.now())
    address(ann)
    address(ann, "ann@work.example", verified=False, primary=False)
    expected["totp_secret"] = generate_totp_secret()
    TOTP.activate(ann, expected["totp_secret"])
    codes = RecoveryCodes.activate(ann)
    for code in codes.generate_codes()[1:4:2]:
        assert codes.validate_code(code)
    codes.mark_as_viewed()
    expected["unused_codes"] = codes.get_unused_codes()
    key = Passkey("ann", "https://app.example.com", "example.com")
    handle = b64(user_pk_to_url_str(ann).encode())
    options = {"publicKey": {"user": {"id": handle}, "challenge": b64(bytes(32))}}
    WebAuthn.add(ann, "Laptop", key.create(options))
    expected["credential_id"] = b64(key.credential_id)

    bob = user("bob")
    address(bob)
    google = SocialAccount.objects.create(
        user=bob, provider="google", uid="1000", extra_data={"email": "bob@gmail.example", "sub": "1000"}
    )
    SocialToken.objects.create(account=google, token="access", token_secret="refresh")
    SocialAccount.objects.create(user=bob, provider="github", uid="7", extra_data={"login": "bob7"})

    cid = user("cid", "pbkdf2_sha256", is_active=False)
    address(cid, verified=False)

    user("dee", "scrypt", is_superuser=True, is_staff=True, phone="+31612345678", phone_verified=True)

    eve = user("eve", "pbkdf2_sha256")
    address(eve)
    migrated = {"migrated_codes": ["abcd-efgh", "12345678"]}
    Authenticator.objects.create(user=eve, type="recovery_codes", data=migrated)
    TOTP.activate(eve, generate_totp_secret())

    models = ["refserver", "account", "socialaccount", "mfa"]
    call_command("dumpdata", *models, format="jsonl", output=str(HERE / "dump.jsonl"))
    (HERE / "expected.json").write_text(json.dumps(expected, indent=2) + "\n")


main()
