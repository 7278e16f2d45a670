"""Writes ceremonies.json: answers of many authenticators, good and bad, and what the reference's library says of them.

    pip install fido2==2.2.1
    python generate.py

Each row has what was asked, what was answered, the fault that is to be found in it (null: none), and whether the library
that django-allauth uses takes it. Keys and signatures are made anew with every run.
"""

import hashlib
import json
import struct
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from fido2 import cbor
from fido2.cose import ES256, RS256, EdDSA
from fido2.server import Fido2Server
from fido2.utils import websafe_encode as b64
from fido2.webauthn import AttestedCredentialData, PublicKeyCredentialRpEntity

RP, ORIGIN = "example.com", "https://example.com"
CHALLENGE = hashlib.sha256(b"challenge").digest()
ID = hashlib.sha256(b"id").digest()
HANDLE = b"0198c0de-0000-7000-8000-000000000001"
UP, UV, BE, BS, AT, ED = 0x01, 0x04, 0x08, 0x10, 0x40, 0x80


class Es256:
    def __init__(self):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.cose = dict(ES256.from_cryptography_key(self.key.public_key()))

    def sign(self, data):
        return self.key.sign(data, ec.ECDSA(hashes.SHA256()))


class Ed25519:
    def __init__(self):
        self.key = ed25519.Ed25519PrivateKey.generate()
        self.cose = dict(EdDSA.from_cryptography_key(self.key.public_key()))

    def sign(self, data):
        return self.key.sign(data)


class Rsa:
    def __init__(self, bits=2048, digest=hashes.SHA256):
        self.key = rsa.generate_private_key(65537, bits)
        self.cose = dict(RS256.from_cryptography_key(self.key.public_key()))
        self.digest = digest

    def sign(self, data):
        return self.key.sign(data, padding.PKCS1v15(), self.digest())


def padded(key, length):
    """The key with a parameter nobody knows, so that it takes so many bytes."""
    return key.cose | {-9: bytes(length - len(cbor.encode(key.cose)) - 4)}


def client_data(kind, **changes):
    data = {"type": kind, "challenge": b64(CHALLENGE), "origin": ORIGIN, "crossOrigin": False}
    return json.dumps({k: v for k, v in (data | changes).items() if v is not None}).encode()


def authenticator_data(flags, count=0, rp=RP, more=b""):
    return hashlib.sha256(rp.encode()).digest() + struct.pack(">BI", flags, count) + more


def attested(cose, id=ID):
    return bytes(16) + struct.pack(">H", len(id)) + id + (cose if isinstance(cose, bytes) else cbor.encode(cose))


def registration(
    key, *, flags=UP | UV | AT, count=0, rp=RP, client=None, cose=None, inner=ID, extensions=b"", data=None, object=None, **top
):
    if data is None:
        data = authenticator_data(flags, count, rp, attested(cose or key.cose, inner) + extensions)
    if object is None:
        object = cbor.encode({"fmt": "none", "attStmt": {}, "authData": data})
    response = {"clientDataJSON": b64(client or client_data("webauthn.create")), "attestationObject": b64(object)}
    return {"type": "public-key", "id": b64(ID), "rawId": b64(ID), "response": response} | top


def assertion(key, *, flags=UP | UV, count=1, rp=RP, client=None, signature=None, data=None, handle=HANDLE, more=b"", **top):
    client = client or client_data("webauthn.get")
    data = authenticator_data(flags, count, rp, more) if data is None else data
    if signature is None:
        signature = key.sign(data + hashlib.sha256(client).digest())
    response = {"clientDataJSON": b64(client), "authenticatorData": b64(data), "signature": b64(signature)}
    if handle is not None:
        response["userHandle"] = b64(handle)
    return {"type": "public-key", "id": b64(ID), "rawId": b64(ID), "response": response} | top


def without(credential, *path):
    """The same without a member."""
    copy = json.loads(json.dumps(credential))
    parent = copy
    for name in path[:-1]:
        parent = parent[name]
    del parent[path[-1]]
    return copy


def reference(kind, credential, key, uv):
    server = Fido2Server(PublicKeyCredentialRpEntity(id=RP, name=RP))
    state = {"challenge": b64(CHALLENGE), "user_verification": "required" if uv else "preferred"}
    try:
        if kind == "registration":
            server.register_complete(state, credential)
        else:
            known = AttestedCredentialData(attested(key.cose))
            server.authenticate_complete(state, [known], credential)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "accepted"


rows = []


def row(kind, name, key, credential, fault=None, *, uv=False, seen=0):
    said = reference(kind, credential, key, uv)
    rows.append({
        "kind": kind, "name": name, "user_verification": uv, "challenge": b64(CHALLENGE), "public_key": b64(cbor.encode(key.cose)),
        "seen": seen, "handle": b64(HANDLE), "credential": credential, "fault": fault, "reference": said,
    })  # fmt: skip


def main():
    es, ed, rs = Es256(), Ed25519(), Rsa()
    for name, key in (("ES256", es), ("EdDSA", ed), ("RS256", rs), ("RS256 with 4096 bits", Rsa(4096))):
        row("registration", name, key, registration(key))
        row("assertion", name, key, assertion(key))

    def refused(kind, make, name, fault, *, uv=False, **changes):
        row(kind, name, es, make(es, **changes), fault, uv=uv)

    for kind, make, typ in (("registration", registration, "webauthn.create"), ("assertion", assertion, "webauthn.get")):
        at = AT if kind == "registration" else 0
        other = "webauthn.get" if at else "webauthn.create"
        for name, fault, client in (
            ("another ceremony", "Kind", client_data(other)),
            ("a payment", "Kind", client_data("payment.get")),
            ("another challenge", "Challenge", client_data(typ, challenge=b64(bytes(32)))),
            ("a shorter challenge", "Challenge", client_data(typ, challenge=b64(CHALLENGE[:16]))),
            ("no challenge", "ClientData", client_data(typ, challenge=None)),
            ("a challenge that is no text", "ClientData", client_data(typ, challenge=1)),
            ("a padded challenge", None, client_data(typ, challenge=b64(CHALLENGE) + "=")),
            ("another origin", "Origin", client_data(typ, origin="https://evil.example")),
            ("an origin that begins alike", "Origin", client_data(typ, origin="https://example.com.evil.example")),
            ("an origin that ends alike", "Origin", client_data(typ, origin="https://badexample.com")),
            ("a subdomain", "Origin", client_data(typ, origin="https://x.example.com")),
            ("plain HTTP", "Origin", client_data(typ, origin="http://example.com")),
            ("another port", "Origin", client_data(typ, origin="https://example.com:8443")),
            ("an opaque origin", "Origin", client_data(typ, origin="null")),
            ("an app of Android", None, client_data(typ, origin="android:apk-key-hash:aGFzaA")),
            ("another app of Android", "Origin", client_data(typ, origin="android:apk-key-hash:b3RoZXI")),
            ("no origin", "ClientData", client_data(typ, origin=None)),
            ("no word of frames", None, client_data(typ, crossOrigin=None)),
            ("framed by an unknown page", "Framed", client_data(typ, crossOrigin=True)),
            ("framed by another page", "Framed", client_data(typ, crossOrigin=True, topOrigin="https://evil.example")),
            ("framed by one of ours", None, client_data(typ, crossOrigin=True, topOrigin=ORIGIN)),
            ("members that clients may add", None, client_data(typ, extra={"x": [1]}, tokenBinding={"status": "supported"})),
            ("a byte order mark", None, b"\xef\xbb\xbf" + client_data(typ)),
            ("client data that is no JSON", "ClientData", b"{"),
            ("client data that is no object", "ClientData", b"[]"),
            ("client data with something after it", "ClientData", client_data(typ) + b"{}"),
            ("client data that is no UTF-8", "ClientData", b'{"type": "\xff"}'),
            ("a member twice", "ClientData", client_data(typ)[:-1] + b', "origin": "https://example.com"}'),
        ):
            refused(kind, make, name, fault, client=client)
        refused(kind, make, "another relying party", "Party", rp="evil.example")
        refused(kind, make, "nobody present", "Absent", flags=UV | at)
        refused(kind, make, "nobody verified", "Unverified", flags=UP | at, uv=True)
        refused(kind, make, "nobody verified, which does not matter", None, flags=UP | at)
        refused(kind, make, "somebody verified", None, uv=True)
        refused(kind, make, "backed up", None, flags=UP | BE | BS | at)
        refused(kind, make, "to be backed up", None, flags=UP | BE | at)
        refused(kind, make, "backed up, which can't be", "Backup", flags=UP | BS | at)
        refused(kind, make, "flags that are reserved", None, flags=UP | 0x22 | at)
        good = make(es)
        for path in (("rawId",), ("response",), ("response", "clientDataJSON")):
            row(kind, f"without {path[-1]}", es, without(good, *path), "Shape")
        row(kind, "without an id beside the raw one", es, without(good, "id"))
        row(kind, "without a type", es, without(good, "type"))
        refused(kind, make, "another type", "Shape", type="password")
        refused(kind, make, "two ids", "Id", id=b64(bytes(32)))
        refused(kind, make, "an id that is no base64", "Shape", id="!", rawId="!")
        refused(kind, make, "an id that is a number", "Shape", rawId=1)

    # Registrations

    row("registration", "a key that counts", es, registration(es, count=4_294_967_295))
    cred_protect = cbor.encode({"credProtect": 2})
    row("registration", "extensions", es, registration(es, flags=UP | AT | ED, extensions=cred_protect))
    row("registration", "extensions without a flag", es, registration(es, extensions=cred_protect), "AuthenticatorData")
    row("registration", "a flag without extensions", es, registration(es, flags=UP | AT | ED), "AuthenticatorData")
    row("registration", "extensions that are no map", es, registration(es, flags=UP | AT | ED, extensions=b"\x01"), "AuthenticatorData")
    row("registration", "no key", es, registration(es, data=authenticator_data(UP)), "AuthenticatorData")
    data = authenticator_data(UP | AT, more=attested(es.cose))
    for cut in (0, 1, 32, 36, 37, 52, 54, 60, len(data) - 1):
        row("registration", f"cut after {cut} bytes", es, registration(es, data=data[:cut]), "AuthenticatorData")
    row("registration", "a byte too many", es, registration(es, data=data + b"\0"), "AuthenticatorData")
    for fmt, statement in (("packed", {"alg": -7, "sig": b"x"}), ("fido-u2f", {"sig": b"x", "x5c": [b"y"]}), ("tpm", {"ver": "2.0"}), ("new", {})):
        object = cbor.encode({"fmt": fmt, "attStmt": statement, "authData": data})
        row("registration", f"an attestation of the format {fmt}", es, registration(es, object=object))
    for name, object in (
        ("an attestation object that is none", b"\0\0\0"),
        ("an empty attestation object", b""),
        ("an attestation object with something after it", cbor.encode({"fmt": "none", "attStmt": {}, "authData": data}) + b"\0"),
        ("an attestation object without format", cbor.encode({"attStmt": {}, "authData": data})),
        ("an attestation object without statement", cbor.encode({"fmt": "none", "authData": data})),
        ("an attestation object without data", cbor.encode({"fmt": "none", "attStmt": {}})),
        ("an attestation object whose data is text", cbor.encode({"fmt": "none", "attStmt": {}, "authData": "x"})),
        ("an attestation object whose format is a number", cbor.encode({"fmt": 1, "attStmt": {}, "authData": data})),
        ("an attestation object that is nested without end", b"\x81" * 5000),
        ("an attestation object longer than there is memory", b"\x5b" + b"\xff" * 8),
        ("an attestation object with more members than there is memory", b"\xbb" + b"\xff" * 8),
    ):
        row("registration", name, es, registration(es, object=object), "AttestationObject")
    row("registration", "another id in the data", es, registration(es, inner=bytes(32)), "Id")
    long, longest = bytes(1024), bytes(1023)
    for name, id, fault in (("the longest id", longest, None), ("an id too long", long, "Id"), ("no id", b"", "Id")):
        credential = registration(es, data=authenticator_data(UP | AT, more=attested(es.cose, id)))
        row("registration", name, es, credential | {"id": b64(id), "rawId": b64(id)}, fault)
    p384 = ec.generate_private_key(ec.SECP384R1()).public_key().public_numbers()
    es384 = {1: 2, 3: -35, -1: 2, -2: p384.x.to_bytes(48, "big"), -3: p384.y.to_bytes(48, "big")}
    for name, cose in (
        ("ES384", es384),
        ("an algorithm nobody has", es.cose | {3: -7000}),
        ("an algorithm for another type of key", ed.cose | {3: -7}),
        ("another curve", es.cose | {-1: 2}),
        ("a curve of Edwards that is not asked for", ed.cose | {-1: 7}),
        ("a compressed point", es.cose | {-3: True}),
        ("a coordinate too short", es.cose | {-2: bytes(31)}),
        ("a coordinate too long", es.cose | {-2: bytes(33)}),
        ("no coordinate", {k: v for k, v in es.cose.items() if k != -3}),
        ("no algorithm", {k: v for k, v in es.cose.items() if k != 3}),
        ("no type", {k: v for k, v in es.cose.items() if k != 1}),
        ("a key that is no map", b"\x01"),
        ("a point off the curve", es.cose | {-3: bytes(32)}),
        ("a point beyond the field", es.cose | {-2: b"\xff" * 32}),
        ("RSA with 512 bits", rs.cose | {-1: b"\xff" * 64}),
        ("RSA with 8,200 bits", rs.cose | {-1: b"\xff" * 1025}),
        ("RSA without a modulus", rs.cose | {-1: b""}),
        ("RSA with an even modulus", rs.cose | {-1: rs.cose[-1][:-1] + b"\0"}),
        ("RSA without an exponent", rs.cose | {-2: b""}),
        ("RSA with an exponent of 1", rs.cose | {-2: b"\1"}),
        ("RSA with an even exponent", rs.cose | {-2: b"\2"}),
        ("RSA with a long exponent", rs.cose | {-2: b"\1" * 5}),
        ("a key too long", padded(es, 2049)),
    ):
        row("registration", name, es, registration(es, cose=cose), "PublicKey")
    row("registration", "the longest key", es, registration(es, cose=padded(es, 2048)))
    row("registration", "RSA with 8,192 bits", rs, registration(rs, cose=rs.cose | {-1: b"\xff" * 1024}))
    twice = b"\xa6" + cbor.encode(es.cose)[1:] + cbor.encode(3) + cbor.encode(-7)
    row("registration", "an algorithm twice", es, registration(es, cose=twice), "PublicKey")
    row("registration", "without attestationObject", es, without(registration(es), "response", "attestationObject"), "Shape")

    # Assertions

    row("assertion", "no user handle", es, assertion(es, handle=None))
    row("assertion", "the user handle of somebody else", es, assertion(es, handle=b"42"), "UserHandle")
    row("assertion", "a key that does not count", es, assertion(es, count=0))
    row("assertion", "a key that goes on counting", es, assertion(es, count=8), seen=7)
    row("assertion", "a count that stands still", es, assertion(es, count=7), "Counter", seen=7)
    row("assertion", "a count that goes back", es, assertion(es, count=6), "Counter", seen=7)
    row("assertion", "a count that is given up", es, assertion(es, count=0), "Counter", seen=7)
    row("assertion", "extensions", es, assertion(es, flags=UP | ED, more=cbor.encode({"x": True})))
    row("assertion", "something after the data", es, assertion(es, more=b"\0"), "AuthenticatorData")
    row("assertion", "no data", es, assertion(es, data=b""), "AuthenticatorData")
    good = es.sign(authenticator_data(UP | UV, 1) + hashlib.sha256(client_data("webauthn.get")).digest())
    for name, signature in (
        ("no signature", b""),
        ("a signature by another key", Es256().sign(b"x")),
        ("a signature cut short", good[:-1]),
        ("a signature with something after it", good + b"\0"),
        ("a signature of zeros", b"\x30\x06\x02\x01\0\x02\x01\0"),
    ):
        row("assertion", name, es, assertion(es, signature=signature), "Signature")
    row("assertion", "a signature of other data", es, assertion(es, signature=good, count=2), "Signature")
    for name, key in (("EdDSA", ed), ("RS256", rs)):
        row("assertion", f"{name}: a signature by another key", key, assertion(key, signature=type(key)().sign(b"x")), "Signature")
        row("assertion", f"{name}: no signature", key, assertion(key, signature=b""), "Signature")
    small = Rsa(1024)
    row("assertion", "an RSA key too small", small, assertion(small), "Signature")
    other = Rsa(2048, hashes.SHA512)
    row("assertion", "a signature over another hash", other, assertion(other), "Signature")
    zero = Rsa()
    zero.cose |= {-1: b"\0" + zero.cose[-1]}
    row("assertion", "a modulus with a zero before it", zero, assertion(zero))
    off = Es256()
    off.cose |= {-3: bytes(32)}
    row("assertion", "a point off the curve", off, assertion(off), "Signature")
    for member in ("authenticatorData", "signature"):
        row("assertion", f"without {member}", es, without(assertion(es), "response", member), "Shape")

    text = ",\n".join(json.dumps(row) for row in rows)
    (Path(__file__).parent / "ceremonies.json").write_text(f"[\n{text}\n]\n")


main()
