"""Fed to Django's shell: makes the account that logs in, and as many others as PEERS_ACCOUNTS says."""

import os

from allauth.account.models import EmailAddress
from django.db import connection
from refserver import users
from refserver.models import User

PART = 10_000

EMAIL = "ada@example.com"
if not User.objects.filter(email=EMAIL).exists():
    users.seed(email=EMAIL, password="correct horse battery staple")
others = User.objects.filter(email__startswith="user").count()
for first in range(others, int(os.environ["PEERS_ACCOUNTS"]), PART):
    numbers = range(first, min(first + PART, int(os.environ["PEERS_ACCOUNTS"])))
    made = [User(email=f"user{n}@example.com", password="!") for n in numbers]
    made = User.objects.bulk_create(made)
    EmailAddress.objects.bulk_create(
        EmailAddress(user=user, email=user.email, verified=True, primary=True)
        for user in made
    )
with connection.cursor() as cursor:
    cursor.execute("ANALYZE")
