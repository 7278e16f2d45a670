"""The rows of a dump: what they mean, whatever their order and their own keys."""

import hashlib
import hmac
import json
import re
from pathlib import Path
from typing import Any

from conformance.passkey import unb64

Row = dict[str, Any]

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def read(dump: Path) -> dict[str, Row]:
    """The fields of each row, by what it is about."""
    with dump.open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    accounts = {
        row["pk"]: _name(row)
        for row in rows
        if row["model"] == "socialaccount.socialaccount"
    }
    known: dict[str, Row] = {}
    for row in rows:
        if row["model"] == "socialaccount.socialtoken":
            # It points to its account by a key that is assigned anew.
            row["fields"]["account"] = accounts[row["fields"]["account"]]
        name = _name(row)
        if name in known:
            raise ValueError(f"{dump} has two rows about {name}")
        known[name] = _meaning(row)
    return known


def differences(before: dict[str, Row], after: dict[str, Row]) -> list[str]:
    found = [f"{name} is lost" for name in before.keys() - after.keys()]
    found += [f"{name} is new" for name in after.keys() - before.keys()]
    for name in before.keys() & after.keys():
        for field in sorted(before[name].keys() | after[name].keys()):
            was, is_now = before[name].get(field), after[name].get(field)
            if was != is_now:
                found.append(f"{name}: {field} was {was!r}, and is {is_now!r}")
    return sorted(found)


def _name(row: Row) -> str:
    model, fields = row["model"], row["fields"]
    about: tuple[Any, ...]
    match model:
        case "account.emailaddress":
            about = (fields["user"], fields["email"])
        case "mfa.authenticator":
            credential = fields["data"].get("credential", {}).get("id", "")
            about = (fields["user"], fields["type"], credential)
        case "socialaccount.socialaccount":
            about = (fields["provider"], fields["uid"])
        case "socialaccount.socialtoken":
            about = (fields["account"],)
        case _:
            about = (row["pk"],)
    return " ".join([model, *(str(part) for part in about if part != "")])


def _meaning(row: Row) -> Row:
    fields = {name: _value(value) for name, value in row["fields"].items()}
    # Not of an account: in an empty Django it has the default.
    fields.pop("is_staff", None)
    if fields.get("password", "").startswith("!"):
        # None that can be used: what follows is random.
        fields["password"] = "!"
    if row["model"] == "socialaccount.socialaccount":
        # What the provider said at the last login is said again at the next one.
        del fields["extra_data"], fields["last_login"]
    elif row["model"] == "mfa.authenticator":
        match fields["type"]:
            case "recovery_codes":
                fields["data"] = _unused_codes(fields["data"])
            case "webauthn":
                fields["data"] = _key(fields["data"])
    return fields


def _value(value: Any) -> Any:
    """Times are cut to milliseconds, and written without them where they are 0."""
    if isinstance(value, str) and _TIME.fullmatch(value):
        return value.replace(".000Z", "Z")
    return value


def _unused_codes(data: Row) -> list[str]:
    """In Django they follow from a seed, unless they come from elsewhere."""
    if "migrated_codes" in data:
        return sorted(data["migrated_codes"])
    mac = hmac.new(data["seed"].encode(), digestmod=hashlib.sha1)
    codes = []
    for number in range(10):
        mac.update(f"{number:3},".encode())
        value = int.from_bytes(mac.digest()[:4], "big") % 10**8
        if not data["used_mask"] >> number & 1:
            codes.append(f"{value:08}")
    return sorted(codes)


def _key(data: Row) -> Row:
    """The registration is not kept: what logs in is a credential's public key."""
    credential = data["credential"]
    attestation = unb64(credential["response"]["attestationObject"])
    # Its last part is the public key, behind the id.
    _, _, public_key = attestation.rpartition(unb64(credential["id"]))
    return {
        "name": data["name"],
        "public key": public_key.hex(),
        "is a passkey": credential["clientExtensionResults"]["credProps"]["rk"],
    }
