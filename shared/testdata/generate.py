"""Writes down what Django's and allauth's forms say of many inputs, for the unit tests to compare with.

    pip install Django==5.2.19 django-allauth==65.22.1
    python generate.py

Each file is a list of rows, one a line, so that a change of the reference reads as a diff.
"""

import itertools
import json
import secrets
from pathlib import Path
from unittest import mock

import django
from django.conf import settings

settings.configure(
    SECRET_KEY="not a secret",
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "allauth",
        "allauth.account",
        "allauth.mfa",
    ],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    MIDDLEWARE=["allauth.account.middleware.AccountMiddleware"],
    USE_I18N=False,
)
django.setup()

from allauth.account.adapter import get_adapter
from allauth.account.fields import EmailField, PhoneField
from allauth.account.internal.userkit import unicode_ci_compare
from allauth.core.internal.cryptokit import generate_user_code, normalize_user_code
from allauth.headless.adapter import DefaultHeadlessAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth import utils
from django import forms
from django.contrib.auth import password_validation
from django.contrib.auth.models import Group, User
from django.core import validators
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.test import override_settings

HERE = Path(__file__).parent


def write(name, rows):
    text = ",\n".join(json.dumps(row) for row in rows)
    (HERE / f"{name}.json").write_text(f"[\n{text}\n]\n")


def errors_of(error):
    return [[e.code or "", "".join(e.messages)] for e in error.error_list]


# Texts of every sort

SPACES = ["\x1c", "\x1d", "\x1e", "\x1f", "\x85", "\xa0", "\u2003", "\u3000", "\n", "\x0b", "\ufeff", "\u200b"]
ODD = [
    *"ünïß☃🐴İıſK²①٣५Ⅷ½ªªʰ\u0301\u0903\u20dd\u200d",
    "\u202e",
    "\ue000",
    "\U000e0001",
    "\x7f",
    "\x80",
    "ΑΣ",
    "ß",
    "ﬁ",
    "Ⓐ",
    "中文",
    "한국",
    "עברית",
    "हिन्दी",
    "ไทย",
    "\uffff",
    "\U00010400",
]

USERS = [
    "a", "A.b", ".a", "a.", "a..b", "a+b", "a b", "-", "!#$%&'*+-/=?^_`{|}~", "a,b", "a:b", "a@b", "a\\b", "(a)", "<a>",
    "x" * 64, "x" * 65, "x" * 308, '"a b"', '"a\\ b"', '"a"', '""', '"', '"a', 'a"', '"a"b"', '"a\\"b"', '"a\\"',
    '"a\\\\"', '"\\"', '"a@b"', '"\\\x01"', '"\x01\t"', '"\\\t"', '"\x0b\x1f!"', '"é"', '"\\é"', '"[]"', '"ſ"', '"\\K"',
    '"\\\n"', '"\x7f"', '"\\\x00"', *ODD, "", "a\n", "jöhn", "用户",
]  # fmt: skip
LABEL = "x" * 63
DOMAINS = [
    "example.com", "EXAMPLE.Com", "localhost", "LOCALHOST", "localhost.", "example", "example.c", "example.co.",
    "-example.com", "example-.com", "exa-mple.com", "ex--ample.com", "example.-com", "example.com-", "example..com",
    ".example.com", "a.b.c.d.example.com", "1.2.3.4", "1example.com", "example.c0m", "example.123", "example.co1",
    "exa_mple.com", "exa mple.com", "example.com ", LABEL + ".com", LABEL + "x.com", "a." + LABEL + ".com",
    "a." + LABEL + "x.com", "a." + "y" * 63, "a." + "y" * 64, "xn--bcher-kva.example", "bücher.example", "例え.テスト",
    "example.xn--p1ai", "example.XN--P1AI", "example.xn--", "example.xn--1-", "example.xn--" + "1" * 59,
    "example.xn--" + "1" * 60, "example.xn--1ſ", "example.xn--1é", "example.рф", "example.é", "example.é1", "☃.net",
    "🐴.net", "a.🐴", "\xa0.com", "\xa1.com", "a\u200b.com", "a。com", "a.com。", "\uffff.com", "K.com", "İ.İı",
    "[127.0.0.1]", "[127.0.0.256]", "[127.0.1]", "[01.2.3.4]", "[::1]", "[::]", "[1::]", "[::8]", "[:::]", "[1:2:3]",
    "[1:2:3:4:5:6:7:8]", "[1:2:3:4:5:6:7:8:9]", "[1:2:3:4:5:6:7::]", "[::2:3:4:5:6:7:8]", "[1:2:3:4:5:6:7:8::]",
    "[1::2::3]", "[::ffff:1.2.3.4]", "[::FFFF:1.2.3.256]", "[1.2.3.4::]", "[::1.2.3.4:5]", "[12345::]", "[g::]",
    "[0000:0000:0000:0000:0000:ffff:192.168.100.200]", "[0000:0000:0000:0000:0000:ffff:92.168.1.2]",
    "[2001:db8::1]x", "[2001:db8::1", "2001:db8::1", "[]", "[.]", "[fe80::1%eth0]", "[ipv6:::1]", "[1:]", "[:1]", "",
    "[::01.2.3.4]", "[1:2:3:4:5:6:1.2.3.4]", "[1:2:3:4:5:6:7:1.2.3.4]", "[1:2:3:4:5::1.2.3.4]",
    "[1:2:3:4:5:6::1.2.3.4]", "example.com\n", "example.com\x00", *(f"{odd}.com" for odd in ODD),
    *(f"a.{odd}{odd}" for odd in ODD),
]  # fmt: skip
EMAILS = [
    *(f"{user}@example.com" for user in USERS),
    *(f"a@{domain}" for domain in DOMAINS),
    *(f"{space}A@Example.com{space}" for space in SPACES),
    "a", "@", "a@b@example.com", "ΑΣ@example.com", "İ@EXAMPLE.com", "x" * 309 + "@example.com", "x" * 5000,
    "é" * 309 + "@example.com", "nul\x00byte", "nul\x00@example.com", "<script>alert(1)</script>", "a@example.com\u0130",
    "a@example.com,b@example.com", "A <a@example.com>", "a@example.com%00%0a",
]  # fmt: skip


def clean(field, value):
    try:
        return [value, field.clean(value), []]
    except ValidationError as error:
        return [value, None, errors_of(error)]


def emails():
    return [clean(EmailField(required=False), value) for value in EMAILS]


def phones():
    values = [
        "+31612345678", "31612345678", "+3161234567a", "+31 6 12345678", "+31-612345678", "+0612345678", "+12345",
        "+123456", "+123456789012345", "+1234567890123456", "++31612345678", "+31612345678\n", "\t+31612345678 ",
        "+31612345678\x00", "+", "", "+1(234)567890", "0031612345678", "+31612345678\n\n", "+1\u0662345678", "+１２３４５６",
        "\u202d+31612345678",
    ]  # fmt: skip
    return [clean(PhoneField(required=False), value) for value in values]


# Usernames


def usernames():
    values = [
        "alice", "Alice.B@c+d-e_f", "a b", "a\n", "a,b", "", "a/b", "a\u0301", "é", "a\u200d", "a\u00a0b", "中文", "हिन्दी",
        "admin", "Admin", "ADMİN", "ROOT", "straße", "STRASSE", "x" * 150, "a\x00", "…", "👍", *ODD,
    ]  # fmt: skip
    rows = []
    with override_settings(ACCOUNT_USERNAME_BLACKLIST=["admin", "Root", "straße"]):
        for value in values:
            try:
                get_adapter().clean_username(value, shallow=True)
                rows.append([value, []])
            except ValidationError as error:
                rows.append([value, errors_of(error)])
    return rows


def username_bases():
    texts = [
        ["Alice", None], [None, "", "Bob Smith"], ["Zoë", "x"], ["中文", "user"], ["  a \t b  "], ["a@b@c"], ["@b"],
        ["@b", "next"], ["admin"], ["admin", "ok"], ["Admin@example.com", "user"], ["!!!", "user"], ["!!!"], [""], [],
        ["x" * 150], ["x" * 151], ["x" * 151, "short"], ["x" * 400], ["O'Neil-Jones.III+x"], ["\u2460½"], ["ﬁ"], ["a\x00b"],
        ["a\x1cb"], ["\x0b"], ["Straße"], ["jan_de_vries"], ["İ"], ["K"], ["+"], ["user@example.com", "user"],
    ]  # fmt: skip
    with override_settings(ACCOUNT_USERNAME_BLACKLIST=["admin"]):
        return [[row, utils._generate_unique_username_base(row)] for row in texts]


def username_candidates():
    rows = []
    for base, least in itertools.product(["bob", "x" * 150, "x" * 148, "x" * 151, "a!", "admin"], [1, 3, 4, 6, 8, 9, 10, 20]):
        draws = itertools.count()
        with (
            override_settings(ACCOUNT_USERNAME_MIN_LENGTH=least, ACCOUNT_USERNAME_BLACKLIST=["admin"]),
            mock.patch.object(utils.random, "choice", lambda chars: chars[next(draws) * 7 % len(chars)]),
        ):
            candidates = utils.generate_username_candidates(base)
            allowed = []
            for candidate in candidates:
                try:
                    allowed.append(get_adapter().clean_username(candidate, shallow=True))
                except ValidationError:
                    pass
        rows.append([base, least, allowed])
    return rows


# Codes


def codes():
    formats = [
        {**length, **numeric, **dashed, **chars}
        for length in [{}, *({"length": n} for n in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 16, 17))]
        for numeric in [{}, {"numeric": True}]
        for dashed in [{}, {"dashed": False}]
        for chars in [{}, {"allowed_chars": "aé☃"}, {"allowed_chars": ""}]
    ]
    rows = []
    for format in formats:
        draws = itertools.count()
        with mock.patch.object(secrets, "choice", lambda chars: chars[next(draws) * 7 % len(chars)]):
            rows.append([format, generate_user_code(**format)])
    return rows


def typed_codes():
    values = ["BCDF-GHJK", " bcdf ghjk\n", "b.c_d/f", "", "-", "123-456", "K", "ÄB", "a\xa0b", "a\u2013b", "a\x1cb", "ΑΣ", "a\x00"]
    values += [chr(c) for c in range(128)]
    return [[value, normalize_user_code(value)] for value in values]


# Passwords


def passwords():
    validators = "django.contrib.auth.password_validation."
    similar = validators + "UserAttributeSimilarityValidator"
    configurations = [
        [{"NAME": validators + name} for name in (
            "UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator", "NumericPasswordValidator",
        )],
        [{"NAME": validators + name} for name in ("NumericPasswordValidator", "MinimumLengthValidator")],
        [{"NAME": validators + "MinimumLengthValidator", "OPTIONS": {"min_length": 1}}],
        [{"NAME": validators + "MinimumLengthValidator", "OPTIONS": {"min_length": 12}}],
        [{"NAME": similar, "OPTIONS": {"max_similarity": 0.5, "user_attributes": ["email", "username", "is_active", "nothing"]}}],
        [{"NAME": similar, "OPTIONS": {"max_similarity": 1.0}}],
        [{"NAME": similar, "OPTIONS": {"max_similarity": 0.1}}],
    ]  # fmt: skip
    users = [
        None, {}, {"email": "alice.wonderland@example.com"}, {"username": "Alice", "email": "alice@example.com"},
        {"username": "joHN-doe"}, {"username": "İıſ", "email": "jürgen@müller.example"}, {"username": "a"},
        {"username": "--x--"},
    ]  # fmt: skip
    words = [
        "password", "PASSWORD ", "\u00a0Password", "x", "12345678", "123456789012", "²²²²²²²²", "①②③④⑤⑥⑦⑧", "٣٣٣٣٣٣٣٣", "½½½½½½½½",
        "ⅧⅧⅧⅧⅧⅧⅧⅧ", "alice", "alice123", "ALICE.WONDERLAND", "wonderland1", "example1", "example.com", "alice@example.com",
        "ecila", "ilace-com", "john-doe", "johndoe1", "doejohn!", "müllerjürgen", "correct horse battery staple", "пароль",
        "ПАРОЛЬ", "йцукен", "trustno1", "qwerty", "zzzzzz", "0", "000000", "é" * 7, "é" * 8, "İıſ", "i̇ıſ", "a" * 9, "a" * 10, "a" * 11,
        "a" * 30, "x" * 500 + "alice", "alicealicealicealicealice", "x--", "--x", "tr0ub4dor&3", "password\n", "\x1cpassword\x1f",
        "password\x00", "жжжжжжжж", "12345678a", "comexample", "aaaa", "xxxxxxxxxxaaaaaaa",
    ]  # fmt: skip
    rows = []
    for rules, known, word in itertools.product(configurations, users, words):
        user = None if known is None else User(**known)
        try:
            password_validation.validate_password(
                word, user, password_validation.get_password_validators(rules)
            )
            found = []
        except ValidationError as error:
            found = errors_of(error)
        short = [
            [rule["NAME"].removeprefix(validators).removesuffix("Validator"), rule.get("OPTIONS", {})]
            for rule in rules
        ]
        rows.append([short, known, word, found])
    # What no rule minds needs no row for each of the many rules.
    return [row for at, row in enumerate(rows) if row[3] or at % 5 == 0]


# JSON

VALUES = [
    "null", "true", "false", "0", "-0", "1", "-1", "123456789012345678901234567890", "1.5", "-1.5", "0.0", "-0.0", "1e400",
    "-1e400", "NaN", "Infinity", "-Infinity", "1e15", "1e16", "1E+16", "123456789012345680.0", "1e22", "0.0001", "0.00001",
    "1.5e-7", "1e-400", "5e-324", "1.7976931348623157e308", "0.1", "100.0", "1e2", "1.0e-4", "12345678901234.5", "9007199254740993.0",
    '""', '" "', '"a"', '"\\u00e9"', '"\\ud83d\\ude00"', '"\\n\\t\\b\\f\\r\\/\\\\\\""', '"\\u0000"', '"False"', '"FALSE"', '"false"', '" false"',
    '"true"', '"0"', '"no"', "[]", "{}", "[[]]", "[{}]", '["a"]', '["a", 1, null, true, 1.5, [], {}]', '{"a": "b"}', '{"a": {"b": [1]}}',
    '["it\'s"]', '["\\""]', '["\\"\'"]', '["\\u0000\\u001f\\u007f\\u0080\\u00a0\\u00ad"]', '["\\n\\r\\t\\\\ "]', '["é☃🐴"]',
    '["\\u200b\\u2028\\ue000\\ufeff\\u3000"]', '["\\u{0}"]', '["\\udb40\\udc01"]', '{"a": 1, "b": 2, "a": 3}', '{"it\'s": NaN}', "[1e400, -0]",
    "[1,2]", "[ 1 , 2 ]", '{ "a" : 1 }', "\t\r\n1\n",
]  # fmt: skip

DOCUMENTS = [
    *VALUES, "", " ", "{", "}", "[", "[1,]", "[,]", '{"a"}', '{"a":}', '{"a":1,}', "{,}", "{a:1}", "{'a':1}", '{"a":1}x', '{"a":1} {}', '{1:2}',
    "01", "-01", "1.", ".5", "+1", "-", "1e", "1e+", "1.e5", "0x1", "1_0", "1.5.5", "1-2", "--1", "nan", "inf", "-NaN", "+Infinity", "True",
    "None", "nulll", "tru", '"', '"a', '"\\x"', '"\\u12"', '"\\u12g4"', '"\\u+123"', '"\n"', '"\t"', '"\x1f"', '"\x7f"', "/**/{}", "{}//",
    "\ufeff{}", "\u00a0{}", "\x0b{}", '{"a":1,"a":2}', '{"":1}', "{}\n", "\x00{}", "{}\x00", "1٣", '{"a":"\u2028"}', "[" * 100 + "]" * 100,
    '{"a":' * 100 + "1" + "}" * 100, '{"a":NaN}', "{}{}", "[1 2]", '["a" "b"]', '{"a" 1}', '{"a":1 "b":2}', '"\\', "1e5e5", "1" * 4300,
]  # fmt: skip


def read(text):
    try:
        return json.loads(text), True
    except json.JSONDecodeError:
        return None, False


def outcome(text):
    value, read_it = read(text)
    if not read_it:
        return "refused"
    return "object" if isinstance(value, dict) else "other"


def documents():
    return [[text, outcome(text)] for text in DOCUMENTS]


def values():
    checkbox = forms.BooleanField(required=False)
    rows = []
    for text in VALUES:
        value, read_it = read(text)
        if read_it:
            box = checkbox.clean(checkbox.widget.value_from_datadict({"x": value}, {}, "x"))
            rows.append([text, str(value), value in validators.EMPTY_VALUES, bool(value), box])
    return rows


# Forms


def fields():
    def username(least):
        field = forms.CharField(min_length=least)
        field.max_length = 150
        field.validators.append(validators.MaxLengthValidator(150))
        return field

    kinds = {
        "plain": forms.CharField(),
        "optional": forms.CharField(required=False),
        "unstripped": forms.CharField(strip=False),
        "at most 3": forms.CharField(max_length=3),
        "at most 1": forms.CharField(max_length=1),
        "email": EmailField(),
        "optional email": EmailField(required=False),
        "phone": PhoneField(),
        "username of 1": username(1),
        "username of 5": username(5),
    }
    texts = [
        "{}", *(f'{{"x": {value}}}' for value in VALUES), '{"x": " abcd "}', '{"x": "abc"}', '{"x": "ab\\u0000c"}',
        '{"x": "   "}', '{"x": "\\u001c\\u0085"}', '{"x": "é☃🐴"}', '{"x": "é☃🐴🐴"}', '{"x": "A@B.com"}', '{"x": "+31612345678"}',
        f'{{"x": "{"y" * 151}"}}', f'{{"x": "{"y" * 151}\\u0000"}}', f'{{"x": "{"y" * 321}\\u0000"}}', '{"x": "\\u0000"}',
        f'{{"x": "{"y" * 320}@b.com"}}', '{"x": "a", "x": null}', '{"x": ["' + "y" * 400 + '"]}',
    ]  # fmt: skip
    rows = []
    for (kind, field), text in itertools.product(kinds.items(), texts):
        data, read_it = read(text)
        if read_it:
            form = type("F", (forms.Form,), {"x": field})(data)
            found = [[e["code"], e["message"]] for es in form.errors.get_json_data().values() for e in es]
            rows.append([kind, text, form.cleaned_data.get("x"), found])
    return rows


def ids():
    call_command("migrate", verbosity=0)
    for pk in (3, 7, 42):
        Group.objects.create(pk=pk, name=str(pk))
    # Of several faults Django tells any, so no row has two.
    texts = [
        "null", "false", "true", "0", "1", "0.0", "NaN", '""', '"3"', '"x"', "[]", "{}", '{"3": 1}', '{"x": 1}', '{"3": 1, "3": 2}', "[3]", "[3, 7]",
        "[7, 3, 7]", '["3"]', '["3", 3]', '["x"]', '[" 3 "]', '["+3"]', '["1_0"]', '["1__0"]', '["_1"]', '["1_"]', '["03"]', '["٣"]', '["²"]', '["-1"]', '["- 1"]',
        "[99]", "[3, 99]", "[-1]", "[0]", "[3.0]", "[3.5]", "[NaN]", "[true]", "[false]", "[null]", "[[]]", "[[3]]", "[{}]", '["\\u0000"]', '["3\\u0000"]',
        '[""]', '[" "]', '["<b>"]', '["%s"]', '["3.0"]', '["é"]', "[9223372036854775807]", '["42"]', "[42, 3]", "[1e2]", '["\\n3"]', '["+"]', '["--3"]',
    ]  # fmt: skip
    field = forms.ModelMultipleChoiceField(queryset=Group.objects.all())
    rows = []
    for text in texts:
        data = {"x": json.loads(text)}
        form = type("F", (forms.Form,), {"x": field})(data)
        found = [[e["code"], e["message"]] for es in form.errors.get_json_data().values() for e in es]
        chosen = form.cleaned_data.get("x")
        rows.append([text, chosen and sorted(g.pk for g in chosen), found])
    return rows


def choices():
    texts = [
        "null", "false", "true", "0", "3", "03", "-3", "3.0", "3.5", "NaN", '""', '"3"', '" 3\\n"', '"+3"', '"03"', '"0_3"', '"_3"', '"3_"', '"3.0"',
        '"x"', '" "', '"\\u0000"', '"3\\u0000"', '["\\u0000"]', "[]", "{}", "[3]", '{"3": 1}', "99", '"99"', "9223372036854775807", '"-"', '"٤٢"',
    ]  # fmt: skip
    field = forms.ModelChoiceField(queryset=Group.objects.all())
    rows = []
    for text in texts:
        data, read_it = read(f'{{"x": {text}}}')
        if read_it:
            form = type("F", (forms.Form,), {"x": field})(data)
            found = [[e["code"], e["message"]] for es in form.errors.get_json_data().values() for e in es]
            chosen = form.cleaned_data.get("x")
            rows.append([text, chosen and chosen.pk, found])
    return rows


def nested():
    texts = [*VALUES, *(json.dumps(text) for text in DOCUMENTS if len(text) < 4000)]
    rows = []
    for text in texts:
        data, read_it = read(f'{{"x": {text}}}')
        if read_it:
            form = type("F", (forms.Form,), {"x": forms.JSONField()})(data)
            found = [[e["code"], e["message"]] for es in form.errors.get_json_data().values() for e in es]
            rows.append([text, None if found else str(form.cleaned_data["x"]), found])
    return rows


def messages():
    # Nobody can forbid that an authenticator is removed: that takes an adapter in Python.
    mfa = {code: text for code, text in DefaultMFAAdapter.error_messages.items() if code != "cannot_delete_authenticator"}
    # Both account and mfa have incorrect_code, with one text.
    known = {**get_adapter().error_messages, **mfa}
    # Both socialaccount and headless have invalid_token, with one text.
    social = {**DefaultSocialAccountAdapter.error_messages}
    del social["invalid_token"]
    headless = DefaultHeadlessAdapter.error_messages
    return sorted((code, str(text)) for some in (known, social, headless) for code, text in some.items())


for rows in (
    emails, phones, usernames, username_bases, username_candidates, codes, typed_codes, passwords, documents,
    values, fields, ids, choices, nested,
):  # fmt: skip
    write(rows.__name__, rows())
write("messages", [[code, str(text)] for code, text in messages()])
