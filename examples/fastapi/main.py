"""An API of your own with FastAPI, guarded by Vestibule's access tokens and sessions: docs/guarding.md explains.

pip install -r requirements.txt
ISSUER=https://auth.example.com ORIGINS=https://app.example.com uvicorn main:app
"""

import hashlib
import os
import threading
import time
from typing import Annotated

import httpx
import jwt
from fastapi import Depends, FastAPI, HTTPException, Request

ISSUER = os.environ["ISSUER"]  # Vestibule's URL
AUDIENCE = os.environ.get("AUDIENCE", "vestibule")
ORIGINS = os.environ.get("ORIGINS", "").split()  # whose pages may change something
SESSION_SECONDS = float(os.environ.get("SESSION_SECONDS", "10"))  # how long a logout may go unnoticed
KEYS_SECONDS, PAUSE_SECONDS = 300, float(os.environ.get("PAUSE_SECONDS", "30"))

vestibule = httpx.Client(base_url=ISSUER, timeout=5)
sessions: dict[bytes, tuple[float, str]] = {}


def unauthorized() -> HTTPException:
    return HTTPException(401, headers={"WWW-Authenticate": "Bearer"})


def unavailable() -> HTTPException:
    return HTTPException(503, headers={"Retry-After": "1"})


def ask(path: str, headers: dict[str, str] | None = None) -> httpx.Response:
    try:
        answer = vestibule.get(path, headers=headers)
    except httpx.TransportError as error:
        raise unavailable() from error
    if answer.status_code not in (200, 401, 410):
        raise unavailable()
    return answer


class Keys:
    """The published keys, read every five minutes, and when a token names another: then after a pause at least."""

    def __init__(self):
        self.known, self.read_at, self.asked_at = {}, float("-inf"), float("-inf")
        self.lock = threading.Lock()  # FastAPI calls plain functions in threads.

    def find(self, kid: str | None) -> jwt.PyJWK | None:
        with self.lock:
            now = time.monotonic()
            is_old = kid not in self.known or now > self.read_at + KEYS_SECONDS
            if is_old and now > self.asked_at + PAUSE_SECONDS:
                self.asked_at = now
                self.read()
            if kid not in self.known and self.read_at < self.asked_at:
                raise unavailable()
            return self.known.get(kid)

    def read(self):
        try:
            published = ask("/.well-known/jwks.json").json()
        except HTTPException:
            return  # Known keys are good meanwhile.
        self.known = {key.key_id: key for key in jwt.PyJWKSet.from_dict(published).keys}
        self.read_at = time.monotonic()


keys = Keys()


def by_token(request: Request) -> str:
    """The account of an access token."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    try:
        key = keys.find(jwt.get_unverified_header(token).get("kid"))
        if scheme.lower() != "bearer" or key is None:
            raise unauthorized()
        options = {"require": ["exp", "iss", "aud", "sub"]}
        claims = jwt.decode(token, key, ["RS256"], options, audience=AUDIENCE, issuer=ISSUER, leeway=5)
    except jwt.InvalidTokenError as error:
        raise unauthorized() from error
    return claims["sub"]


def by_session(request: Request) -> str:
    """The account of a session, by the header of an app or the cookie of a browser."""
    agent = {"User-Agent": request.headers.get("user-agent", "")}
    if token := request.headers.get("x-session-token"):
        client, headers = "app", {"X-Session-Token": token, **agent}
    elif token := request.cookies.get("sessionid"):
        # The cookie comes with requests that other sites forge, too.
        if request.method not in ("GET", "HEAD", "OPTIONS") and request.headers.get("origin") not in ORIGINS:
            raise HTTPException(403, "Origin is not among ORIGINS")
        client, headers = "browser", {"Cookie": f"sessionid={token}", **agent}
    else:
        raise unauthorized()
    name = hashlib.sha256(f"{client} {token}".encode()).digest()
    until, account = sessions.get(name, (0.0, ""))
    if time.monotonic() < until:
        return account
    answer = ask(f"/_allauth/{client}/v1/auth/session", headers)
    if answer.status_code != 200:
        raise unauthorized()
    if len(sessions) >= 10_000:
        sessions.clear()
    account = str(answer.json()["data"]["user"]["id"])
    sessions[name] = (time.monotonic() + SESSION_SECONDS, account)
    return account


app = FastAPI()


@app.get("/by-token")
def greet_by_token(account: Annotated[str, Depends(by_token)]):
    return {"hello": account}


@app.api_route("/by-session", methods=["GET", "POST"])
def greet_by_session(account: Annotated[str, Depends(by_session)]):
    return {"hello": account}
