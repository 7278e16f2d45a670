// Frontend and API at one public URL, as behind CloudFront: Chromium logs in there by a service and by a passkey.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startBehindProxy } from "./browser.js";
import { CLIENT, consent, listen } from "./openid.js";

const PASSWORD = "correct-horse-battery";
const KEYS = "account/authenticators/webauthn";
const APP = { provider_id: "certified", name: "Certified", client_id: CLIENT.id, secret: CLIENT.secret };

let provider;
let stack;

before(async () => {
  provider = await listen();
  const settings = { server_url: provider.issuer, token_auth_method: "client_secret_basic" };
  stack = await startBehindProxy({
    SOCIALACCOUNT_PROVIDERS: JSON.stringify({ openid_connect: { APPS: [{ ...APP, settings }] } }),
    SOCIALACCOUNT_ALLOW_PRIVATE_ADDRESSES: "true",
    MFA_SUPPORTED_TYPES: '["totp", "webauthn", "recovery_codes"]',
    MFA_PASSKEY_LOGIN_ENABLED: "true",
    ACCOUNT_EMAIL_VERIFICATION: "mandatory",
    ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED: "true",
    ACCOUNT_RATE_LIMITS: "false",
    MFA_RATE_LIMITS: "false",
  });
  await provider.open(`${stack.public}/accounts/oidc/${APP.provider_id}/login/callback/`);
});

after(async () => {
  await stack?.stop();
  await provider?.stop();
});

/** Visits the frontend; fails if the page asks any other origin for anything. */
async function visit() {
  const visitor = await stack.visit();
  assert.equal(new URL(visitor.page.url()).origin, stack.public);
  visitor.page.on("request", (request) => assert.notEqual(new URL(request.url()).origin, stack.bypass));
  return visitor;
}

async function assertLoggedIn(visitor, email, method) {
  const { status, data } = await visitor.api("GET", "auth/session");
  assert.equal(status, 200, JSON.stringify(data));
  assert.deepEqual([data.user.email, data.methods.at(-1).method], [email, method]);
  const { data: sessions } = await visitor.api("GET", "auth/sessions");
  assert.match(sessions.find(({ is_current }) => is_current).ip, /^(127\.0\.0\.1|::1)$/, "the person's, not the proxy's");
}

test("a service leads back to the public URL", async () => {
  const visitor = await visit();
  const { page } = visitor;
  const callback = page.waitForRequest((request) => request.url().includes("/login/callback/"));
  await Promise.all([page.waitForURL(`${provider.issuer}/interaction/**`), visitor.leave(APP.provider_id)]);
  await consent(page, "ann");
  await page.waitForURL((url) => url.searchParams.has("api"));
  assert.equal(new URL((await callback).url()).origin, stack.public);
  assert.equal(new URL(page.url()).searchParams.get("error"), null);
  await assertLoggedIn(visitor, "ann@example.com", "socialaccount");
});

test("a passkey is the public URL's", async () => {
  const [visitor, email] = [await visit(), "passkey@example.com"];
  const authenticator = await visitor.addAuthenticator();
  await visitor.api("POST", "auth/signup", { email, password: PASSWORD });
  await visitor.api("POST", "auth/email/verify", { key: await stack.code(email) });
  await visitor.api("POST", "auth/reauthenticate", { password: PASSWORD });
  const { data: made } = await visitor.api("GET", `${KEYS}?passwordless`);
  const credential = await visitor.createKey(made.creation_options);
  const added = await visitor.api("POST", KEYS, { name: "Laptop", credential });
  assert.equal(added.status, 200, JSON.stringify(added));
  assert.equal((await visitor.keys(authenticator))[0].rpId, new URL(stack.public).hostname);

  await visitor.api("DELETE", "auth/session");
  const { data } = await visitor.api("GET", "auth/webauthn/login");
  const answer = await visitor.useKey(data.request_options);
  assert.equal((await visitor.api("POST", "auth/webauthn/login", { credential: answer })).status, 200);
  await assertLoggedIn(visitor, email, "mfa");
});

test("the cookies are the public URL's, and readable where the frontend needs it", async () => {
  const visitor = await visit();
  await visitor.api("GET", "config");
  const names = (await visitor.page.context().cookies()).map(({ name, domain }) => `${name} ${domain}`);
  assert.deepEqual(names, [`csrftoken ${new URL(stack.public).hostname}`]);
});

test("who bypasses the proxy is refused", async () => {
  const url = `${stack.bypass}/_allauth/browser/v1/config`;
  assert.equal((await fetch(url)).status, 403);
  assert.equal((await fetch(url, { headers: { "x-origin-verify": "guessed" } })).status, 403);
  assert.equal((await fetch(`${stack.public}/_allauth/browser/v1/config`)).status, 200);
});
