// Logging in through a certified OpenID provider, as Chromium and an app do it.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { start } from "./browser.js";
import { claimsOf, CLIENT, consent, LIES, listen, sign } from "./openid.js";

const PASSWORD = "correct-horse-battery";
const APP = {
  provider_id: "certified",
  name: "Certified",
  client_id: CLIENT.id,
  secret: CLIENT.secret,
};

let provider;
let stack;

before(async () => {
  provider = await listen();
  const settings = { server_url: provider.issuer, token_auth_method: "client_secret_basic" };
  stack = await start({
    SOCIALACCOUNT_PROVIDERS: JSON.stringify({ openid_connect: { APPS: [{ ...APP, settings }] } }),
    SOCIALACCOUNT_ALLOW_PRIVATE_ADDRESSES: "true",
    ACCOUNT_EMAIL_VERIFICATION: "mandatory",
    ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED: "true",
    ACCOUNT_RATE_LIMITS: "false",
  });
  await provider.open(`${stack.api}/accounts/oidc/${APP.provider_id}/login/callback/`);
});

after(async () => {
  await stack?.stop();
  await provider?.stop();
});

/** Goes to the provider, says who one is, and comes back; resolves to what the frontend is told. */
async function logInAs(visitor, name, process) {
  const { page } = visitor;
  await Promise.all([page.waitForURL(`${provider.issuer}/interaction/**`), visitor.leave(APP.provider_id, process)]);
  await consent(page, name);
  return back(page);
}

/** Waits until the browser is on the page of the frontend again. */
async function back(page) {
  await page.waitForURL((url) => url.searchParams.has("api"));
  const said = new URL(page.url()).searchParams;
  return { error: said.get("error"), process: said.get("error_process") };
}

const session = (visitor) => visitor.api("GET", "auth/session");

test("a browser logs in, and later again", async () => {
  const visitor = await stack.visit();
  assert.deepEqual(await logInAs(visitor, "ann"), { error: null, process: null });
  const { status, data } = await session(visitor);
  assert.equal(status, 200, JSON.stringify(data));
  assert.equal(data.user.email, "ann@example.com");
  assert.deepEqual(data.methods.map(({ at, ...method }) => method), [
    { method: "socialaccount", provider: APP.provider_id, uid: "ann" },
  ]);
  const { data: emails } = await visitor.api("GET", "account/email");
  assert.deepEqual(emails, [{ email: "ann@example.com", verified: true, primary: true }]);

  const later = await stack.visit();
  await logInAs(later, "ann");
  assert.equal((await session(later)).data.user.id, data.user.id);
});

test("somebody who changes their mind is told so", async () => {
  const visitor = await stack.visit();
  const { page } = visitor;
  await Promise.all([page.waitForURL(`${provider.issuer}/interaction/**`), visitor.leave(APP.provider_id)]);
  await page.click("text=Cancel");
  assert.deepEqual(await back(page), { error: "cancelled", process: "login" });
  assert.equal((await session(visitor)).status, 401);
});

test("an account is connected, and disconnected again", async () => {
  const [visitor, email] = [await stack.visit(), "with-password@example.com"];
  await visitor.api("POST", "auth/signup", { email, password: PASSWORD });
  await visitor.api("POST", "auth/email/verify", { key: await stack.code(email) });
  assert.deepEqual(await logInAs(visitor, "connected", "connect"), { error: null, process: null });
  const { data } = await visitor.api("GET", "account/providers");
  assert.deepEqual(data.map(({ uid, display, provider: { id } }) => [uid, display, id]), [
    ["connected", "connected@example.com", APP.provider_id],
  ]);
  const gone = await visitor.api("DELETE", "account/providers", { provider: APP.provider_id, account: "connected" });
  assert.deepEqual([gone.status, gone.data], [200, []]);
});

test("a way back that was taken, or is somebody else's, leads nowhere", async () => {
  const [visitor, other] = [await stack.visit(), await stack.visit()];
  const ways = [];
  visitor.page.on("request", (request) => {
    if (request.url().includes("/login/callback/")) ways.push(request.url());
  });
  await logInAs(visitor, "once");
  assert.equal(ways.length, 1);
  for (const { page } of [visitor, other]) {
    await page.goto(ways[0]);
    assert.equal(new URL(page.url()).pathname, "/account/provider/callback");
    assert.equal(new URL(page.url()).searchParams.get("error"), "unknown");
  }
  await other.page.goto(`${new URL(visitor.page.url()).origin}/?api=${stack.api}`);
  assert.equal((await session(other)).status, 401);
});

test("new keys are found, and old ones count no more", async () => {
  await logInAs(await stack.visit(), "before");
  const old = provider.lastToken();
  await provider.rotate();
  const visitor = await stack.visit();
  await logInAs(visitor, "after");
  assert.equal((await session(visitor)).status, 200);
  stack.forgetLog();
  assert.equal((await present(old)).status, 400);
  await assertLogged("unknown_key");
});

const anotherNonce = (claims, key) => sign({ ...claims, nonce: "of-another-login" }, key);

for (const [name, lie] of Object.entries({ ...LIES, wrong_nonce: anotherNonce })) {
  test(`an id token is refused that a browser has brought about: ${name}`, async () => {
    const visitor = await stack.visit();
    stack.forgetLog();
    provider.tell(lie);
    try {
      assert.deepEqual(await logInAs(visitor, "liar"), { error: "unknown", process: "login" });
    } finally {
      provider.tell(undefined);
    }
    assert.equal((await session(visitor)).status, 401);
    await assertLogged(name);
  });
}

/** Presents a token as an app does that has it from the provider by itself. */
async function present(idToken) {
  const token = { client_id: CLIENT.id, id_token: idToken };
  const answer = await fetch(`${stack.api}/_allauth/app/v1/auth/provider/token`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ provider: APP.provider_id, process: "login", token }),
  });
  return answer.json();
}

test("an app logs in with a token that it has already", async () => {
  await logInAs(await stack.visit(), "mobile");
  const key = provider.key();
  const claims = claimsOf(provider.lastToken());
  const told = await present(await sign({ ...claims, email: "mobile@example.com", email_verified: true }, key));
  assert.equal(told.status, 200, JSON.stringify(told));
  assert.equal(told.data.user.email, "mobile@example.com");
  assert.match(told.meta.session_token, /./);

  for (const [name, lie] of Object.entries(LIES)) {
    stack.forgetLog();
    const { status, errors } = await present(await lie(claims, key));
    assert.deepEqual([status, errors], [400, [{ message: "Invalid token.", code: "invalid_token", param: "token" }]], name);
    await assertLogged(name);
  }
});

/** The log names what was wrong, and tells no secret. */
async function assertLogged(name) {
  const log = await stack.logged(new RegExp(`a provider's response was rejected.*\\b${name}\\b`));
  assert.doesNotMatch(log, new RegExp(CLIENT.secret));
  assert.doesNotMatch(log, /eyJ/);
}
