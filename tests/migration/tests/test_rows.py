"""What counts as the same row, and what does not."""

import copy
import json
from pathlib import Path

import pytest

from migration import rows
from migration.rows import Row

USER: Row = {
    "model": "auth.user",
    "pk": 1,
    "fields": {"password": "old", "email": "a@b.cd"},
}
SOCIAL: Row = {
    "model": "socialaccount.socialaccount",
    "pk": 7,
    "fields": {
        "user": 1,
        "provider": "x",
        "uid": "1",
        "extra_data": {},
        "last_login": "",
    },
}
TOKEN: Row = {
    "model": "socialaccount.socialtoken",
    "pk": 1,
    "fields": {"account": 7, "token": "t"},
}
# Of ten codes, the second and the third are used.
CODES: Row = {
    "model": "mfa.authenticator",
    "pk": 1,
    "fields": {
        "user": 1,
        "type": "recovery_codes",
        "data": {"seed": "5eed", "used_mask": 6},
    },
}


def read(folder: Path, *dump: Row) -> dict[str, Row]:
    file = folder / "dump.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in dump))
    return rows.read(file)


def test_order_and_keys_do_not_matter(tmp_path: Path) -> None:
    other, token = copy.deepcopy(SOCIAL), copy.deepcopy(TOKEN)
    other["pk"], token["pk"], token["fields"]["account"] = 1, 2, 1
    before = read(tmp_path, USER, SOCIAL, TOKEN)
    assert rows.differences(before, read(tmp_path, token, other, USER)) == []


def test_what_is_lost_new_or_changed_is_told(tmp_path: Path) -> None:
    changed = copy.deepcopy(USER)
    changed["fields"]["password"] = "new"
    before, after = read(tmp_path, USER, SOCIAL), read(tmp_path, changed, CODES)
    assert rows.differences(before, after) == [
        "auth.user 1: password was 'old', and is 'new'",
        "mfa.authenticator 1 recovery_codes is new",
        "socialaccount.socialaccount x 1 is lost",
    ]


def test_codes_are_those_that_are_left(tmp_path: Path) -> None:
    [unused] = [row["data"] for row in read(tmp_path, CODES).values()]
    assert len(unused) == 8
    migrated = copy.deepcopy(CODES)
    migrated["fields"]["data"] = {"migrated_codes": unused[::-1]}
    assert rows.differences(read(tmp_path, CODES), read(tmp_path, migrated)) == []
    migrated["fields"]["data"]["migrated_codes"].pop()
    assert rows.differences(read(tmp_path, CODES), read(tmp_path, migrated))


def test_milliseconds_are_compared_and_zeros_are_not(tmp_path: Path) -> None:
    def at(time: str) -> dict[str, Row]:
        return read(tmp_path, USER | {"fields": {"last_login": time}})

    cut = at("2026-11-29T15:03:38.000Z")
    assert rows.differences(cut, at("2026-11-29T15:03:38Z")) == []
    assert rows.differences(cut, at("2026-11-29T15:03:38.001Z"))


def test_two_rows_about_one_thing_are_none(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"two rows about auth\.user 1"):
        read(tmp_path, USER, USER)
