"""What a provider says of an account, and how a client passes it on."""

import json
from typing import TYPE_CHECKING, Any

from conformance import idp
from conformance.clients import App, Browser, Missing, Reply
from conformance.scenarios.openid_connect import arrive, depart

if TYPE_CHECKING:
    from migration.accounts import Account
    from migration.site import Site

DUMMY = "dummy"
OPENID_CONNECT = idp.PROVIDER_ID


def send(
    site: "Site", client: App, account: "Account", provider: str, process: str
) -> Reply:
    """Sends a token of this provider, to log in or to connect."""
    claims = _claims(account, provider)
    token: dict[str, Any]
    if provider == OPENID_CONNECT:
        id_token = site.provider.id_token(claims)
        token = {"client_id": idp.CLIENT_ID, "id_token": id_token}
    else:
        token = {"id_token": json.dumps(claims)}
    data = {"provider": provider, "process": process, "token": token}
    return client.post("/auth/provider/token", data)


def connect_by_redirect(site: "Site", browser: Browser, account: "Account") -> None:
    """Goes to the provider and back, from where the server fetches tokens."""
    claims = _claims(account, OPENID_CONNECT)
    asked = depart(browser, "connect")
    # As the provider remembers it between the redirect and the token.
    claims |= {"nonce": asked["nonce"]} if "nonce" in asked else {}
    arrive(browser, asked, code=site.provider.code(claims))
    connected = browser.get("/account/providers").get("data")
    if [entry["uid"] for entry in connected] != [claims["sub"]]:
        raise Missing(f"the provider is not connected: {connected}")


def _claims(account: "Account", provider: str) -> dict[str, Any]:
    email = {"email": account.emails[-1], "email_verified": True}
    uid = account.number * 10 + (provider == OPENID_CONNECT)
    return email | ({"sub": str(uid)} if provider == OPENID_CONNECT else {"id": uid})
