"""What an app does with a client of openapi-python-client: prints what each step came to."""

import json
import re
import sys
import time

import httpx

sys.path.insert(0, ".")
from vestibule_client import Client
from vestibule_client.api.account import list_email_addresses
from vestibule_client.api.session import log_out
from vestibule_client.api.signup import sign_up
from vestibule_client.api.verify import verify_email
from vestibule_client.models.authenticated_response import AuthenticatedResponse
from vestibule_client.models.authentication_response import AuthenticationResponse
from vestibule_client.models.email_address_list_response import EmailAddressListResponse
from vestibule_client.models.list_email_addresses_client import ListEmailAddressesClient
from vestibule_client.models.log_out_client import LogOutClient
from vestibule_client.models.sign_up_client import SignUpClient
from vestibule_client.models.signup import Signup
from vestibule_client.models.verify_email import VerifyEmail
from vestibule_client.models.verify_email_client import VerifyEmailClient

api, inbox, email, password = sys.argv[1:]


def code() -> str:
    """The code in the mail, once it is there."""
    for _ in range(250):
        found = httpx.get(f"{inbox}/api/v1/messages").json()["messages"]
        for message in found:
            if message["To"][0]["Address"] == email:
                text = httpx.get(f"{inbox}/api/v1/message/{message['ID']}").json()["Text"]
                if shown := re.search(r"^[A-Z0-9-]{6,}$", text, re.MULTILINE):
                    return shown[0]
        time.sleep(0.02)
    raise SystemExit(f"no code for {email}")


client = Client(base_url=api)
given = {"client": client, "body": Signup(email=email, password=password, nick="Ann", terms=True)}
signed_up = sign_up.sync(SignUpClient.APP, **given, x_captcha_token=f"stand-in:localhost:{email}")
assert isinstance(signed_up, AuthenticationResponse), signed_up
pending = next(flow.id for flow in signed_up.data.flows if flow.is_pending)
client = client.with_headers({"X-Session-Token": signed_up.meta.session_token})

verified = verify_email.sync(VerifyEmailClient.APP, client=client, body=VerifyEmail(key=code()))
assert isinstance(verified, AuthenticatedResponse), verified
client = client.with_headers({"X-Session-Token": verified.meta.session_token})

listed = list_email_addresses.sync(ListEmailAddressesClient.APP, client=client)
assert isinstance(listed, EmailAddressListResponse), listed
logged_out = log_out.sync_detailed(LogOutClient.APP, client=client)
after = list_email_addresses.sync(ListEmailAddressesClient.APP, client=client)
own = None if not isinstance(after, EmailAddressListResponse) else [each.email for each in after.data]
print(json.dumps([pending, verified.data.user.email, [each.email for each in listed.data], logged_out.status_code, own]))
