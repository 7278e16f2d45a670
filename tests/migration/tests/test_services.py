"""The scripts of docs/migration-from.md, on exports as each service documents them."""

import json
from pathlib import Path
from typing import Any

from migration.services import BCRYPT, FIREBASE_HASH, FIREBASE_SALT, convert


def accounts(folder: Path, service: str) -> list[dict[str, Any]]:
    lines = convert(folder, service).read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_auth0(tmp_path: Path) -> None:
    assert accounts(tmp_path, "auth0") == [
        {
            "id": "auth0_5dea9f9c82dd7c0e76e4ec93",
            "active": True,
            "created_at": "2019-12-06T18:36:12.412Z",
            "last_login_at": "2026-01-02T03:04:05.678Z",
            "emails": [primary("ann@auth0.example")],
            "password": BCRYPT,
            "social_accounts": [{"provider": "google", "uid": "1234567890"}],
        },
        {
            "id": "auth0_euclid",
            "active": False,
            "created_at": "2019-12-06T18:36:12.412Z",
            "emails": [primary("euclid@auth0.example", verified=False)],
            "password": BCRYPT,
            "social_accounts": [],
        },
    ]


def test_cognito(tmp_path: Path) -> None:
    assert accounts(tmp_path, "cognito") == [
        {
            "id": "22704aa3-fc10-479a-97eb-2af5806bd327",
            "active": True,
            "created_at": "2024-01-02T03:04:05.678000+00:00",
            "emails": [primary("ann@cognito.example")],
            "phone": {"number": "+31612345671", "verified": False},
            "social_accounts": [{"provider": "google", "uid": "1234567891"}],
        }
    ]


def test_clerk(tmp_path: Path) -> None:
    assert accounts(tmp_path, "clerk") == [
        {
            "id": "user_2abc",
            "username": "ann",
            "password": BCRYPT,
            "emails": [
                primary("ann@clerk.example"),
                {"email": "a@clerk.example", "verified": True, "primary": False},
                {"email": "b@clerk.example", "verified": False, "primary": False},
            ],
            "phone": {"number": "+31612345672", "verified": True},
            "totp": {"secret": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"},
        },
        {"id": "user_2def", "emails": [primary("bob@clerk.example")]},
    ]


def test_firebase(tmp_path: Path) -> None:
    [account] = accounts(tmp_path, "firebase")
    scrypt, salt, digest = account.pop("password").rsplit("$", 2)
    assert scrypt.startswith("$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=jxspr8Ki0")
    assert (salt, digest) == (FIREBASE_SALT, FIREBASE_HASH)
    assert account == {
        "id": "q7w8e9r0t1y2u3i4o5p6a7s8d9f0",
        "active": True,
        "created_at": "2023-11-14T22:13:20+00:00",
        "last_login_at": "2026-01-02T03:04:05.678000+00:00",
        "emails": [primary("ann@firebase.example")],
        "phone": {"number": "+31612345673", "verified": True},
        "social_accounts": [{"provider": "github", "uid": "1234567892"}],
    }


def primary(email: str, *, verified: bool = True) -> dict[str, Any]:
    return {"email": email, "verified": verified, "primary": True}
