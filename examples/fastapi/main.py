"""An API of your own with FastAPI, guarded by Vestibule's access tokens and sessions: docs/guarding.md explains.

pip install -r requirements.txt
ISSUER=https://auth.example.com ORIGINS=https://app.example.com uvicorn main:app
"""

import hashlib
import os
import time
from typing import Annotated

import httpx
import jwt
from fastapi import Depends, FastAPI, HTTPException, Request

ISSUER = os.environ["ISSUER"]  # Vestibule's URL
AUDIENCE = os.environ.get("AUDIENCE", "vestibule")
ORIGINS = os.environ.get("ORIGINS", "").split()  # whose pages may change something
SESSION_SECONDS = float(os.environ.get("SESSION_SECONDS", "10"))  # how long a logout may go unnoticed
PAUSE_SECONDS = float(os.environ.get("PAUSE_SECONDS", "30"))

# Read again every five minutes, and when a token names another key: then after a pause at least.
keys = jwt.PyJWKClient(f"{ISSUER}/.well-known/jwks.json", lifespan=300, cooldown_duration=PAUSE_SECONDS, timeout=5)
vestibule = httpx.Client(base_url=ISSUER, timeout=5)
sessions: dict[bytes, tuple[float, str]] = {}


def unauthorized() -> HTTPException:
    return HTTPException(401, headers={"WWW-Authenticate": "Bearer"})


def unavailable() -> HTTPException:
    return HTTPException(503, headers={"Retry-After": "1"})


def by_token(request: Request) -> str:
    """The account of an access token."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise unauthorized()
    try:
        key = keys.get_signing_key_from_jwt(token)
        options = {"require": ["exp", "iss", "aud", "sub"]}
        claims = jwt.decode(token, key, ["RS256"], options, audience=AUDIENCE, issuer=ISSUER, leeway=5)
    except (jwt.PyJWKClientConnectionError, jwt.PyJWKSetError) as error:
        raise unavailable() from error
    except jwt.PyJWTError as error:
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
    return account_of(client, token, headers)


def account_of(client: str, token: str, headers: dict[str, str]) -> str:
    name = hashlib.sha256(f"{client} {token}".encode()).digest()
    until, account = sessions.get(name, (0.0, ""))
    if time.monotonic() < until:
        return account
    try:
        answer = vestibule.get(f"/_allauth/{client}/v1/auth/session", headers=headers)
    except httpx.TransportError as error:
        raise unavailable() from error
    if answer.status_code in (401, 410):
        raise unauthorized()
    if answer.status_code != 200:
        raise unavailable()
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
