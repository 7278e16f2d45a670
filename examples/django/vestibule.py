"""The users of a Django project whose accounts are in Vestibule: docs/moving.md explains.

In settings.py, in place of AuthenticationMiddleware:

    MIDDLEWARE = [..., "django.contrib.sessions.middleware.SessionMiddleware",
                  "django.middleware.csrf.CsrfViewMiddleware", "vestibule.VestibuleMiddleware", ...]
    VESTIBULE_URL = "https://auth.example.com"
"""

import hashlib

import httpx
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
from django.http import HttpResponse
from django.utils.functional import SimpleLazyObject

SECONDS = 10  # how long a logout may go unnoticed
vestibule = httpx.Client(timeout=5)


class Unavailable(Exception):
    """Vestibule does not answer: the session may be valid."""


class VestibuleMiddleware:
    """Sets `request.user` to the user of Vestibule's session, once a view asks for it."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        request.user = SimpleLazyObject(lambda: user_of(request))
        return self.get_response(request)

    def process_exception(self, request, exception):
        if isinstance(exception, Unavailable):
            return HttpResponse(status=503, headers={"Retry-After": "1"})
        return None


def user_of(request):
    """The user whose name is the account's id. Groups, permissions and foreign keys are this project's own."""
    token = request.COOKIES.get("sessionid")
    account = token and account_of(token, request.headers.get("User-Agent", ""))
    if not account:
        return AnonymousUser()
    users = get_user_model().objects
    user, _ = users.get_or_create(username=account["id"], defaults={"email": account.get("email", "")})
    return user if user.is_active else AnonymousUser()


def account_of(token, agent):
    name = "vestibule-" + hashlib.sha256(token.encode()).hexdigest()
    if known := cache.get(name):
        return known
    url = f"{settings.VESTIBULE_URL}/_allauth/browser/v1/auth/session"
    try:
        answer = vestibule.get(url, headers={"Cookie": f"sessionid={token}", "User-Agent": agent})
    except httpx.TransportError as error:
        raise Unavailable from error
    if answer.status_code not in (200, 401, 410):
        raise Unavailable
    if answer.status_code != 200:
        return None
    account = answer.json()["data"]["user"]
    cache.set(name, account, SECONDS)
    return account
