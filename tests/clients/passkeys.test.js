// Passkeys and security keys, as Chromium makes and uses them.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { start } from "./browser.js";

const PASSWORD = "correct-horse-battery";
const KEYS = "account/authenticators/webauthn";
/** Has nothing but a button: no PIN, and no memory for passkeys. */
const SECURITY_KEY = { transport: "usb", hasResidentKey: false, hasUserVerification: false, isUserVerified: false };

let stack;

before(async () => {
  stack = await start({
    MFA_SUPPORTED_TYPES: '["totp", "webauthn", "recovery_codes"]',
    MFA_PASSKEY_LOGIN_ENABLED: "true",
    MFA_PASSKEY_SIGNUP_ENABLED: "true",
    ACCOUNT_EMAIL_VERIFICATION: "mandatory",
    ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED: "true",
    ACCOUNT_EMAIL_NOTIFICATIONS: "true",
    ACCOUNT_RATE_LIMITS: "false",
    MFA_RATE_LIMITS: "false",
  });
});

after(() => stack?.stop());

/** Signs up with a password, and gives it once more, as is asked before one adds a key. */
async function signUp(visitor, email) {
  await visitor.api("POST", "auth/signup", { email, password: PASSWORD });
  await visitor.api("POST", "auth/email/verify", { key: await stack.code(email) });
  loggedIn(await visitor.api("POST", "auth/reauthenticate", { password: PASSWORD }), email);
}

/** Adds a key of the browser's authenticator. */
async function addKey(visitor, name, query = "") {
  const { data } = await visitor.api("GET", KEYS + query);
  const credential = await visitor.createKey(data.creation_options);
  const answer = await visitor.api("POST", KEYS, { name, credential });
  assert.equal(answer.status, 200, JSON.stringify(answer));
  return answer;
}

/** Answers the challenge of this path with a key. */
async function answerWithKey(visitor, path) {
  const { data } = await visitor.api("GET", path);
  return visitor.api("POST", path, { credential: await visitor.useKey(data.request_options) });
}

function loggedIn(answer, email) {
  assert.equal(answer.status, 200, JSON.stringify(answer));
  assert.equal(answer.data.user.email, email);
  return answer.data.methods.map(({ at, id, ...method }) => method);
}

const pending = (answer) => answer.data.flows.filter((flow) => flow.is_pending).map((flow) => flow.id);

test("a passkey logs in without a password", async () => {
  const [visitor, email] = [await stack.visit(), stack.email("passkey")];
  const authenticator = await visitor.addAuthenticator();
  await signUp(visitor, email);
  const { data, meta } = await addKey(visitor, "Laptop", "?passwordless");
  assert.deepEqual([data.name, data.is_passwordless], ["Laptop", true]);
  assert.equal(meta.recovery_codes_generated, true);
  assert.equal((await visitor.keys(authenticator))[0].isResidentCredential, true);
  await stack.mail(email, /key/);

  await visitor.api("DELETE", "auth/session");
  const methods = loggedIn(await answerWithKey(visitor, "auth/webauthn/login"), email);
  assert.deepEqual(methods, [{ method: "mfa", type: "webauthn", passwordless: true }]);
  // It works again, and the key's counter is as far as the authenticator says.
  await visitor.api("DELETE", "auth/session");
  loggedIn(await answerWithKey(visitor, "auth/webauthn/login"), email);
});

test("a security key is the second factor, and reauthenticates", async () => {
  const [visitor, email] = [await stack.visit(), stack.email("key")];
  await visitor.addAuthenticator(SECURITY_KEY);
  await signUp(visitor, email);
  const { data } = await addKey(visitor, "Key");
  assert.equal(data.is_passwordless, false);

  await visitor.api("DELETE", "auth/session");
  const half = await visitor.api("POST", "auth/login", { email, password: PASSWORD });
  assert.deepEqual([half.status, pending(half)], [401, ["mfa_authenticate"]]);
  const methods = loggedIn(await answerWithKey(visitor, "auth/webauthn/authenticate"), email);
  assert.deepEqual(methods, [{ method: "password", email }, { method: "mfa", type: "webauthn" }]);

  assert.equal((await visitor.api("GET", "account/authenticators/recovery-codes")).status, 401);
  const again = loggedIn(await answerWithKey(visitor, "auth/webauthn/reauthenticate"), email);
  assert.deepEqual(again.at(-1), { method: "mfa", type: "webauthn", reauthenticated: true });
  assert.equal((await visitor.api("GET", "account/authenticators/recovery-codes")).status, 200);
});

test("a key is not made twice for one account", async () => {
  const visitor = await stack.visit();
  await visitor.addAuthenticator();
  await signUp(visitor, stack.email("twice"));
  await addKey(visitor, "Laptop", "?passwordless");
  const { data } = await visitor.api("GET", KEYS);
  await assert.rejects(visitor.createKey(data.creation_options), /InvalidStateError/);
});

test("somebody signs up with a passkey", async () => {
  const [visitor, email] = [await stack.visit(), stack.email("new")];
  await visitor.addAuthenticator();
  const begun = await visitor.api("POST", "auth/webauthn/signup", { email });
  assert.deepEqual([begun.status, pending(begun)], [401, ["verify_email"]]);
  const verified = await visitor.api("POST", "auth/email/verify", { key: await stack.code(email) });
  assert.deepEqual([verified.status, pending(verified)], [401, ["mfa_signup_webauthn"]]);

  const { data } = await visitor.api("GET", "auth/webauthn/signup");
  const credential = await visitor.createKey(data.creation_options);
  const done = await visitor.api("PUT", "auth/webauthn/signup", { name: "Laptop", credential });
  loggedIn(done, email);
  assert.equal(done.data.user.has_usable_password, false);

  await visitor.api("DELETE", "auth/session");
  loggedIn(await answerWithKey(visitor, "auth/webauthn/login"), email);
});
