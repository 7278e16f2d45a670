"""The reference server as one would run it: PostgreSQL, a cache in memory, no mailbox; and what a hash costs here."""

import os

from django.contrib.auth.hashers import Argon2PasswordHasher
from refserver.settings import *

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": os.environ["PEERS_DATABASE"],
        "NAME": "postgres",
        "USER": "postgres",
        "CONN_MAX_AGE": None,
    }
}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
# Each request comes from another IP address, as in the bench of the functions.
ALLAUTH_TRUSTED_PROXY_COUNT = 1


class Hasher(Argon2PasswordHasher):
    """With what the functions hash by default."""

    memory_cost = 19456
    time_cost = 2
    parallelism = 1


PASSWORD_HASHERS = ["settings.Hasher"]
