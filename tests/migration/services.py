"""Exports of other services, as each documents them, and the scripts that read them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from migration.documents import script

BCRYPT = "$2b$10$" + "a" * 53
# A hash of firebase/scrypt, whose password is "user1password".
FIREBASE = {
    "base64_signer_key": (
        "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8"
        "pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA=="
    ),
    "base64_salt_separator": "Bw==",
    "rounds": 8,
    "mem_cost": 14,
}
FIREBASE_SALT = "42xEC+ixf3L2lw=="
FIREBASE_HASH = (
    "lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCn"
    "h1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ=="
)


def _lines(*rows: dict[str, Any]) -> str:
    return "\n".join(map(json.dumps, rows))


_AUTH0 = (
    _lines(
        {
            "user_id": "auth0|5dea9f9c82dd7c0e76e4ec93",
            "email": "ann@auth0.example",
            "email_verified": True,
            "created_at": "2019-12-06T18:36:12.412Z",
            "last_login": "2026-01-02T03:04:05.678Z",
            "identities": [
                {"provider": "auth0", "user_id": "5dea9f9c82dd7c0e76e4ec93"},
                {"provider": "google-oauth2", "user_id": "1234567890"},
            ],
        },
        {
            "user_id": "auth0|euclid",
            "email": "euclid@auth0.example",
            "created_at": "2019-12-06T18:36:12.412Z",
            "blocked": True,
            "identities": [{"provider": "auth0", "user_id": "euclid"}],
        },
    ),
    _lines(
        {"_id": {"$oid": "5dea9f9c82dd7c0e76e4ec93"}, "passwordHash": BCRYPT},
        {"_id": {"$oid": "0" * 24}, "alt_id": "euclid", "passwordHash": BCRYPT},
    ),
)

_COGNITO = {
    "sub": "22704aa3-fc10-479a-97eb-2af5806bd327",
    "email": "ann@cognito.example",
    "email_verified": "true",
    "phone_number": "+31612345671",
    "phone_number_verified": "false",
    "identities": json.dumps([{"userId": "1234567891", "providerName": "Google"}]),
}

_CLERK = (
    "id,first_name,last_name,username,primary_email_address,primary_phone_number,"
    "verified_email_addresses,unverified_email_addresses,verified_phone_numbers,"
    "unverified_phone_numbers,totp_secret,password_digest,password_hasher\n"
    "user_2abc,Ann,Lee,ann,ann@clerk.example,+31612345672,"
    "ann@clerk.example|a@clerk.example,b@clerk.example,+31612345672,,"
    f"JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP,{BCRYPT},bcrypt\n"
    "user_2def,,,,bob@clerk.example,,bob@clerk.example,,,,,abc,md5\n"
)

_FIREBASE = {
    "localId": "q7w8e9r0t1y2u3i4o5p6a7s8d9f0",
    "email": "ann@firebase.example",
    "emailVerified": True,
    "passwordHash": FIREBASE_HASH,
    "salt": FIREBASE_SALT,
    "displayName": "Ann",
    "lastSignedInAt": "1767323045678",
    "createdAt": "1700000000000",
    "phoneNumber": "+31612345673",
    "providerUserInfo": [
        {"providerId": "github.com", "rawId": "1234567892", "displayName": "ann"}
    ],
}

# The files that each script reads.
EXPORTS: dict[str, tuple[str, ...]] = {
    "auth0": _AUTH0,
    "cognito": (
        json.dumps(
            {
                "Users": [
                    {
                        "Username": "google_1234567891",
                        "Attributes": [
                            {"Name": name, "Value": value}
                            for name, value in _COGNITO.items()
                        ],
                        "UserCreateDate": "2024-01-02T03:04:05.678000+00:00",
                        "Enabled": True,
                        "UserStatus": "EXTERNAL_PROVIDER",
                    }
                ]
            }
        ),
    ),
    "firebase": (json.dumps({"users": [_FIREBASE]}), json.dumps(FIREBASE)),
    "clerk": (_CLERK,),
}


def convert(folder: Path, service: str) -> Path:
    """Runs the script of this service on its export: a file for `import jsonl`."""
    files = []
    for number, export in enumerate(EXPORTS[service]):
        files.append(folder / f"{service}-{number}")
        files[-1].write_text(export, encoding="utf-8")
    text = script("migration-from.md", f"{service}.py")
    command = [sys.executable, "-c", text, *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    made = folder / f"{service}.jsonl"
    made.write_text(done.stdout, encoding="utf-8")
    return made
