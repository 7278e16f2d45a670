// The playground, driven by clicking alone: every flow of the API in a real browser, from another origin.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import jsqr from "jsqr";
import { openPlayground } from "./playground.js";
import { totp } from "./totp.js";

const PASSWORD = "correct-horse-battery";
const NEW_PASSWORD = "battery-staple-correct";
const SETTINGS = {
  MFA_SUPPORTED_TYPES: "totp,recovery_codes,webauthn",
  MFA_PASSKEY_LOGIN_ENABLED: "true",
  MFA_TRUST_ENABLED: "true",
  HEADLESS_SERVE_SPECIFICATION: "true",
  ACCOUNT_DELETION_ENABLED: "true",
  ACCOUNT_EXPORT_ENABLED: "true",
  ACCOUNT_HISTORY_ENABLED: "true",
  AUDIT_RETENTION_DAYS: "30",
  EVENTS_INCLUDE: "ip",
  ACCOUNT_LOGIN_BY_CODE_ENABLED: "true",
  ACCOUNT_LOGIN_METHODS: "email,phone,username",
  ACCOUNT_SIGNUP_FIELDS: "email*,username,phone,password1*",
  HEADLESS_TOKEN_STRATEGY: "jwt",
  ACCOUNT_PROFILE_FIELDS: JSON.stringify({
    nick: { type: "text", min: 2, max: 10, help: "How others see you." },
    color: { type: "choice", choices: ["red", "blue"] },
    born: { type: "date" },
    news: { type: "boolean" },
    terms: { type: "consent", version: "1" },
    tier: { type: "text", default: "basic", write: "operator" },
  }),
  ACCOUNT_RATE_LIMITS: "false",
};
/** Everything by code, and nothing at all without it. */
const BY_CODE = {
  ...SETTINGS,
  MFA_PASSKEY_SIGNUP_ENABLED: "true",
  ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED: "true",
  ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND: "true",
  ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_CHANGE: "true",
  ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED: "true",
  ACCOUNT_LOGIN_METHODS: "email",
  ACCOUNT_SIGNUP_FIELDS: "email*,password1*",
  SOCIALACCOUNT_AUTO_SIGNUP: "false",
};

let byLink;
let byCode;

before(async () => {
  [byLink, byCode] = await Promise.all([openPlayground(SETTINGS), openPlayground(BY_CODE)]);
});

after(() => Promise.all([byLink?.stop(), byCode?.stop()]));

/** Signs up, follows the link of the mail, and logs in. */
async function account(visitor, email) {
  await visitor.open("/account/signup");
  await visitor.fill({ "Email address": email, Password: PASSWORD });
  await visitor.click("Sign up");
  await visitor.on("One more step");
  await visitor.page.goto(await visitor.linkFor(email));
  await visitor.on("Verify your email address");
  await visitor.isLoggedOut();
  await visitor.click("Verify");
  await visitor.on("Verified");
  await logIn(visitor, email, PASSWORD);
  await visitor.on("Account");
}

async function logIn(visitor, identifier, password) {
  await visitor.open("/account/login");
  await visitor.page.locator("main input").first().fill(identifier);
  await visitor.fill({ Password: password });
  await visitor.click("Log in");
}

async function logOut(visitor) {
  await visitor.click("Log out");
  await visitor.on("Log in");
}

/** What a reader of QR codes sees in the picture on the page. */
async function scanned({ page }) {
  const pixels = await page.evaluate(async () => {
    const svg = document.querySelector("svg.qr");
    const copy = svg.cloneNode(true);
    const [side, canvas] = [400, document.createElement("canvas")];
    copy.setAttribute("width", side);
    copy.setAttribute("height", side);
    const image = new Image();
    image.src = `data:image/svg+xml,${encodeURIComponent(new XMLSerializer().serializeToString(copy))}`;
    await image.decode();
    canvas.width = canvas.height = side;
    const context = canvas.getContext("2d");
    context.fillStyle = "#fff";
    context.fillRect(0, 0, side, side);
    context.drawImage(image, 0, 0, side, side);
    return [...context.getImageData(0, 0, side, side).data];
  });
  return jsqr(Uint8ClampedArray.from(pixels), 400, 400)?.data;
}

test("fields of the site's own, at sign-up and later", async () => {
  const visitor = await byLink.visit();
  const email = "fields@example.com";
  const value = (label) => visitor.page.getByLabel(label).inputValue();
  await visitor.open("/account/signup");
  await visitor.sees("How others see you.");
  await visitor.fill({ "Email address": email, Password: PASSWORD, Nick: "x", Born: "2000-02-29" });
  await visitor.page.getByLabel("Color").selectOption("blue");
  await visitor.page.getByLabel("Terms").check();
  await visitor.click("Sign up");
  await visitor.sees("at least 2 characters");
  await visitor.fill({ Nick: "Ann" });
  await visitor.click("Sign up");
  await visitor.on("One more step");
  await visitor.page.goto(await visitor.linkFor(email));
  await visitor.click("Verify");
  await visitor.on("Verified");
  await logIn(visitor, email, PASSWORD);
  await visitor.on("Account");
  await visitor.sees("basic");
  assert.deepEqual([await value("Nick"), await value("Color"), await value("Born")], ["Ann", "blue", "2000-02-29"]);
  assert.equal(await visitor.page.getByLabel("Terms").isChecked(), true);
  assert.equal(await visitor.page.getByLabel("News").isChecked(), false);
  await visitor.fill({ Nick: "", Born: "" });
  await visitor.page.getByLabel("Color").selectOption("");
  await visitor.page.getByLabel("News").check();
  await visitor.click("Save");
  await visitor.announced("Saved.");
  await visitor.page.reload();
  await visitor.on("Account");
  assert.deepEqual([await value("Nick"), await value("Color"), await value("Born")], ["", "", ""]);
  assert.equal(await visitor.page.getByLabel("News").isChecked(), true);
});

test("sign-up, the mail's link, login by each identifier, a change of the password, and its reset", async () => {
  const visitor = await byLink.visit();
  const email = "ann@example.com";
  await visitor.open("/");
  await visitor.on("Log in");
  await visitor.click("Sign up", "link");
  await visitor.fill({ "Email address": email, Username: "ann", Password: PASSWORD });
  await visitor.click("Sign up");
  await visitor.on("One more step");
  await visitor.page.goto(await visitor.linkFor(email));
  await visitor.sees(email);
  await visitor.click("Verify");
  await visitor.on("Verified");
  for (const identifier of [email, "ann"]) {
    await logIn(visitor, identifier, PASSWORD);
    await visitor.on("Account");
    await visitor.sees(email);
    await logOut(visitor);
  }

  await logIn(visitor, email, PASSWORD);
  await visitor.on("Account");
  await visitor.click("Password", "link");
  await visitor.fill({ "Current password": "wrong-password", "New password": NEW_PASSWORD });
  await visitor.click("Change the password");
  await visitor.sees("Please type your current password.");
  await visitor.fill({ "Current password": PASSWORD });
  await visitor.click("Change the password");
  await visitor.announced("The password is set.");
  await logOut(visitor);

  await visitor.click("Reset the password", "link");
  await visitor.fill({ "Email address": email });
  const before = await visitor.messages(email);
  await visitor.click("Send the mail");
  await visitor.page.goto(await visitor.linkFor(email, before));
  await visitor.on("New password");
  await visitor.isLoggedOut();
  await visitor.fill({ "New password": PASSWORD });
  await visitor.click("Set the password");
  await visitor.on("Log in");
  await logIn(visitor, email, NEW_PASSWORD);
  await visitor.sees("not correct");
  await logIn(visitor, email, PASSWORD);
  await visitor.on("Account");
});

test("an authenticator app by its QR code, recovery codes, a trusted browser, reauthentication, and their end", async () => {
  const visitor = await byLink.visit();
  const email = "app@example.com";
  await account(visitor, email);
  await visitor.click("Second factors", "link");
  await visitor.click("Set up an app");
  const secret = await visitor.page.locator("#totp-secret").textContent();
  const code = new URL(await scanned(visitor));
  assert.equal(code.protocol, "otpauth:");
  assert.equal(code.searchParams.get("secret"), secret);
  await visitor.fill({ "Code that the app shows": "000000" });
  await visitor.click("Activate");
  await visitor.sees("Incorrect code.");
  await visitor.fill({ "Code that the app shows": totp(secret) });
  await visitor.click("Activate");
  await visitor.announced("The app is active.", PASSWORD);
  await visitor.click("Show the codes");
  await visitor.appears(visitor.page.locator("#recovery-codes"), PASSWORD);
  const codes = (await visitor.page.locator("#recovery-codes").textContent()).split("\n");
  assert.equal(codes.length, 10);
  await logOut(visitor);

  await logIn(visitor, email, PASSWORD);
  await visitor.on("One more step");
  await visitor.fill({ "Code of the app, or a recovery code": codes[0] });
  await visitor.click("Continue");
  await visitor.click("Trust this browser");
  await visitor.on("Account");
  await logOut(visitor);
  await logIn(visitor, email, PASSWORD);
  await visitor.on("Account");

  await visitor.click("Second factors", "link");
  await visitor.sees("9 of 10");
  await visitor.click("Make new codes");
  await visitor.appears(visitor.page.locator("#recovery-codes"), PASSWORD);
  assert.notEqual(await visitor.page.locator("#recovery-codes").textContent(), codes.join("\n"));
  await visitor.click("Remove the app");
  await visitor.click("Remove it");
  await visitor.announced("Removed.", PASSWORD);
});

test("a passkey logs in alone, is a second factor, is renamed and removed", async () => {
  const visitor = await byLink.visit();
  await visitor.addAuthenticator();
  const email = "key@example.com";
  await account(visitor, email);
  await visitor.click("Second factors", "link");
  await visitor.fill({ "Name of the key": "Laptop" });
  await visitor.page.getByLabel("A passkey: log in with it alone").check();
  await visitor.click("Add a key");
  await visitor.announced("Added.", PASSWORD);
  await logOut(visitor);
  await visitor.click("Log in with a passkey");
  await visitor.on("Account");
  await logOut(visitor);
  await logIn(visitor, email, PASSWORD);
  await visitor.on("One more step");
  await visitor.click("Use a security key or passkey");
  await visitor.click("Not now");
  await visitor.on("Account");

  await visitor.click("Second factors", "link");
  await visitor.page.getByText("Rename").first().click();
  await visitor.fill({ "New name of Laptop": "Desk" });
  await visitor.click("Rename");
  await visitor.announced("Renamed.");
  await visitor.click("Remove Desk");
  await visitor.announced("Removed.");
});

test("a security key that is no passkey is a second factor only", async () => {
  const visitor = await byLink.visit();
  await visitor.addAuthenticator({ isSecurityKey: true });
  const email = "fob@example.com";
  await account(visitor, email);
  await visitor.click("Second factors", "link");
  await visitor.fill({ "Name of the key": "Fob" });
  await visitor.click("Add a key");
  await visitor.announced("Added.", PASSWORD);
  await visitor.sees("security key, added");
  await logOut(visitor);
  await logIn(visitor, email, PASSWORD);
  await visitor.on("One more step");
  await visitor.click("Use a security key or passkey");
  await visitor.click("Not now");
  await visitor.on("Account");
  await visitor.click("Second factors", "link");
  await visitor.click("Remove Fob");
  await visitor.announced("Removed.");
});

test("a phone number instead of an email address: verified at sign-up, at the next login, and changed meanwhile", async () => {
  const byPhone = await openPlayground({
    ...SETTINGS,
    ACCOUNT_EMAIL_VERIFICATION: "none",
    ACCOUNT_LOGIN_METHODS: "phone",
    ACCOUNT_SIGNUP_FIELDS: "phone*,password1*",
    ACCOUNT_PHONE_VERIFICATION_SUPPORTS_CHANGE: "true",
    ACCOUNT_PHONE_VERIFICATION_SUPPORTS_RESEND: "true",
  });
  try {
    const visitor = await byPhone.visit();
    const [wrong, phone] = ["+31612345670", "+31612345671"];
    await visitor.open("/account/signup");
    await visitor.fill({ "Phone number": wrong, Password: PASSWORD });
    await visitor.click("Sign up");
    await visitor.on("One more step");
    await visitor.fill({ Code: "000-000" });
    await visitor.click("Continue");
    await visitor.sees("Incorrect code.");
    await visitor.fill({ "Phone number": phone });
    await visitor.click("Change it");
    await visitor.announced("Changed: a code was sent there.");
    const before = await visitor.messages(phone);
    await visitor.click("Send another code");
    await visitor.announced("Sent.");
    // Left before it is verified, and asked for again at the next login.
    await visitor.codeFor(phone, before);
    await visitor.click("Start again");
    await visitor.on("Log in");
    const sent = await visitor.messages(phone);
    await logIn(visitor, phone, PASSWORD);
    await visitor.on("One more step");
    await visitor.fill({ Code: await visitor.codeFor(phone, sent) });
    await visitor.click("Continue");
    await visitor.on("Account");
    await visitor.click("Phone number", "link");
    await visitor.sees(phone);
    await visitor.sees("yes");
  } finally {
    await byPhone.stop();
  }
});

test("links follow HEADLESS_FRONTEND_URLS, with the key in the query; one that leads elsewhere is said", async () => {
  const urls = {
    account_confirm_email: "/confirm?key={key}",
    account_reset_password_from_key: "http://localhost:1/reset#{key}",
  };
  const other = await openPlayground({ ...SETTINGS, HEADLESS_FRONTEND_URLS: JSON.stringify(urls) });
  try {
    const visitor = await other.visit();
    const email = "link@example.com";
    await visitor.open("/account/signup");
    await visitor.fill({ "Email address": email, Password: PASSWORD });
    await visitor.click("Sign up");
    await visitor.on("One more step");
    const [link] = (await other.mail(email)).Text.match(/http:\S+/);
    assert.equal(new URL(link).pathname, "/confirm");
    await visitor.page.goto(link);
    await visitor.sees(email);
    await visitor.click("Verify");
    await visitor.on("Verified");
    await visitor.open("/account/password/reset");
    await visitor.fill({ "Email address": email });
    await visitor.click("Send the mail");
    await visitor.sees("It leads to http://localhost:1 (HEADLESS_FRONTEND_URLS, FRONTEND_URL), not here.");
  } finally {
    await other.stop();
  }
});

test("a CSRF token that no page can read is said, with the settings", async () => {
  const hidden = await openPlayground({ ...SETTINGS, CSRF_COOKIE_HTTPONLY: "true" });
  try {
    const visitor = await hidden.visit();
    await logIn(visitor, "nobody@example.com", PASSWORD);
    await visitor.sees("It is HttpOnly (CSRF_COOKIE_HTTPONLY)");
    await visitor.check();
  } finally {
    await hidden.stop();
  }
});

test("login by a code, and what else is in an account: email addresses, phone, sessions, export, deletion", async () => {
  const visitor = await byLink.visit();
  const [email, second] = ["code@example.com", "second@example.com"];
  await account(visitor, email);
  await logOut(visitor);
  await visitor.click("Log in with a code", "link");
  await visitor.page.locator("main input").first().fill(email);
  const before = await visitor.messages(email);
  await visitor.click("Send a code");
  await visitor.on("One more step");
  await visitor.fill({ Code: await visitor.codeFor(email, before) });
  await visitor.click("Continue");
  await visitor.on("Account");

  await visitor.click("Email addresses", "link");
  await visitor.fill({ "Email address": second });
  await visitor.click("Add");
  await visitor.announced("Added: verify it by the mail.");
  await visitor.page.goto(await visitor.linkFor(second));
  await visitor.click("Verify");
  await visitor.on("Account");
  await visitor.click("Email addresses", "link");
  await visitor.click(`Make it primary: ${second}`);
  await visitor.announced("It is primary now.");
  await visitor.click(`Remove: ${email}`);
  await visitor.announced("Removed.");

  await visitor.click("Phone number", "link");
  await visitor.fill({ "Phone number": "+31612345678" });
  await visitor.click("Send a code");
  await visitor.fill({ "Code from the text message": await visitor.codeFor("+31612345678") });
  await visitor.click("Verify");
  await visitor.announced("Verified.");

  const other = await byLink.visit();
  await logIn(other, second, PASSWORD);
  await other.on("Account");
  await visitor.click("Sessions", "link");
  await visitor.click("End all others");
  await visitor.announced("Ended.");
  await other.open("/account");
  await other.sees("You are not logged in.");

  await visitor.click("Account", "link");
  await visitor.click("Export your data");
  await visitor.announced("Exported.", PASSWORD);
  await visitor.sees(`"email": "${second}"`);
  await visitor.click("Delete the account");
  await visitor.click("Delete it");
  await visitor.announced("The account is deleted.", PASSWORD);
  await logIn(visitor, second, PASSWORD);
  await visitor.sees("not correct");
});

test("a provider's login: signed up, cancelled, connected and disconnected", async () => {
  const visitor = await byLink.visit();
  await visitor.open("/account/login");
  await visitor.atDummy("Continue with Dummy", { id: "7", email: "dummy@example.com" });
  await visitor.on("One more step");
  await visitor.page.goto(await visitor.linkFor("dummy@example.com"));
  await visitor.click("Verify");
  await visitor.on("Verified");
  await visitor.open("/account/login");
  await visitor.atDummy("Continue with Dummy", { id: "7" });
  await visitor.on("Account");
  await visitor.click("Connected accounts", "link");
  await visitor.on("Connected accounts");
  await visitor.page.getByRole("button", { name: /^Disconnect Dummy/ }).waitFor();
  await visitor.atDummy("Connect Dummy", { id: "8", email: "other@example.com" });
  await visitor.on("Account");
  await visitor.click("Connected accounts", "link");
  await visitor.on("Connected accounts");
  await visitor.page.getByRole("button", { name: /^Disconnect/ }).last().click();
  await visitor.announced("Disconnected.");
  await logOut(visitor);
  await visitor.click("Continue with Dummy");
  await visitor.click("Cancel");
  await visitor.on("Back from the provider");
  await visitor.sees("(cancelled)");
  // Nothing began at this page.
  await visitor.page.goto(`${byLink.api}/accounts/dummy/authenticate/`);
  await visitor.on("Forbidden");
});

test("by code: sign-up with another email address and a second code, and the reset; a provider's sign-up asks", async () => {
  const visitor = await byCode.visit();
  const [wrong, email] = ["wrong@example.com", "right@example.com"];
  await visitor.open("/account/signup");
  await visitor.page.getByLabel("Email address").first().fill(wrong);
  await visitor.fill({ Password: PASSWORD });
  await visitor.page.getByRole("button", { name: "Sign up", exact: true }).click();
  await visitor.on("One more step");
  await visitor.fill({ "Email address": email });
  await visitor.click("Change it");
  await visitor.announced("Changed: a code was sent there.");
  const before = await visitor.messages(email);
  await visitor.click("Send another code");
  await visitor.announced("Sent.");
  await visitor.fill({ Code: await visitor.codeFor(email, before) });
  await visitor.click("Continue");
  await visitor.on("Account");
  await logOut(visitor);

  await visitor.click("Reset the password", "link");
  await visitor.fill({ "Email address": email });
  const sent = await visitor.messages(email);
  await visitor.click("Send the mail");
  await visitor.on("One more step");
  await visitor.fill({ Code: await visitor.codeFor(email, sent), "New password": NEW_PASSWORD });
  await visitor.click("Set the password");
  await visitor.on("Log in");
  await logIn(visitor, email, NEW_PASSWORD);
  await visitor.on("Account");
  await logOut(visitor);

  await visitor.atDummy("Continue with Dummy", { id: "9", email: "asked@example.com" });
  await visitor.on("One more step");
  assert.equal(await visitor.page.getByLabel("Email address").inputValue(), "asked@example.com");
  await visitor.click("Sign up");
  await visitor.fill({ Code: await visitor.codeFor("asked@example.com") });
  await visitor.click("Continue");
  await visitor.on("Account");
});

test("somebody signs up with a passkey, without a password, and sets one by a code", async () => {
  const visitor = await byCode.visit();
  await visitor.addAuthenticator();
  const email = "passkey@example.com";
  await visitor.open("/account/signup");
  await visitor.page.getByLabel("Email address").last().fill(email);
  await visitor.click("Sign up with a passkey");
  await visitor.fill({ Code: await visitor.codeFor(email) });
  await visitor.click("Continue");
  await visitor.fill({ "Name of the passkey": "Laptop" });
  await visitor.click("Create the passkey");
  await visitor.on("Account");
  await visitor.click("Password", "link");
  await visitor.fill({ "New password": NEW_PASSWORD });
  await visitor.click("Set a password");
  // There is no password to confirm it with: the passkey does.
  await visitor.announced("The password is set.");
  await logOut(visitor);
});

test("tokens of an app: logged in, asked, refreshed", async () => {
  const visitor = await byLink.visit();
  await account(visitor, "tokens@example.com");
  await logOut(visitor);
  await visitor.click("Tokens", "link");
  await visitor.page.locator("main input").first().fill("tokens@example.com");
  await visitor.fill({ Password: PASSWORD });
  await visitor.click("Log in as an app");
  await visitor.page.locator("#access-token").waitFor();
  await visitor.click("Ask who this is");
  await visitor.sees('"email": "tokens@example.com"');
  await visitor.click("Get a new access token");
  await visitor.sees('"refresh_token"');
});

test("the history of the account", async () => {
  const visitor = await byLink.visit();
  await account(visitor, "history@example.com");
  await visitor.click("History", "link");
  await visitor.appears(visitor.page.getByText("user.signed_up"), PASSWORD);
  await visitor.on("History");
  for (const text of ["user.logged_in", "email.confirmed", /^password$/, /^Ip$/]) await visitor.sees(text);
});

test("an invitation, while sign-up is closed", async () => {
  const settings = { ...BY_CODE, ACCOUNT_SIGNUP_ENABLED: "false", ACCOUNT_INVITATIONS_ENABLED: "true" };
  const closed = await openPlayground(settings);
  try {
    const visitor = await closed.visit();
    const email = "guest@example.com";
    const [FRONTEND_URL, add] = [closed.playground, ["invite", "add", email, "--print-link", "--data-dir", closed.data]];
    const { stdout } = await promisify(execFile)(process.env.VESTIBULE, add, { env: { ...process.env, ...settings, FRONTEND_URL } });
    const [link] = stdout.match(/http:\S+/);
    await visitor.page.goto(link);
    await visitor.on("Accept an invitation");
    const fill = (address) => visitor.fill({ "Email address": address, Password: PASSWORD });
    await fill("other@example.com");
    await visitor.page.getByRole("button", { name: "Sign up", exact: true }).click();
    await visitor.sees("The invitation is for another email address.");
    await fill(email);
    await visitor.page.getByRole("button", { name: "Sign up", exact: true }).click();
    await visitor.on("Account");
    await visitor.sees(email);
    assert.equal(await visitor.messages(email), 0, "it is verified already");
  } finally {
    await closed.stop();
  }
});

test("the bot check, of everything that signs up or mails", async () => {
  const checked = await openPlayground({ ...BY_CODE, CAPTCHA_PROVIDER: "turnstile" });
  try {
    const visitor = await checked.visit();
    const email = "human@example.com";
    /** Clicks a button of a form, which refuses that, and again after a tick in the box of that form. */
    const passes = async (label) => {
      const form = visitor.page.locator("main form").filter({ has: visitor.page.getByRole("button", { name: label, exact: true }) }).first();
      await form.getByRole("button", { name: label, exact: true }).click();
      await form.getByText("Please confirm that you are not a robot.").waitFor();
      await form.getByLabel("I am a person").check();
      await form.getByRole("button", { name: label, exact: true }).click();
    };
    await visitor.open("/account/signup");
    await visitor.on("Sign up");
    await visitor.fill({ "Email address": email, Password: PASSWORD });
    await passes("Sign up");
    await visitor.on("One more step");
    await visitor.codeFor(email);
    await passes("Send another code");
    await visitor.announced("Sent.");
    await visitor.codeFor(email, 1);
    await visitor.fill({ "Email address": "corrected@example.com" });
    await passes("Change it");
    await visitor.announced("Changed: a code was sent there.");
    await visitor.fill({ Code: await visitor.codeFor("corrected@example.com") });
    await visitor.click("Continue");
    await visitor.on("Account");
    await logOut(visitor);
    await visitor.click("Reset the password", "link");
    await visitor.fill({ "Email address": "corrected@example.com" });
    await passes("Send the mail");
    await visitor.on("One more step");
    await visitor.codeFor("corrected@example.com", 1);
    await visitor.open("/account/login/code");
    await visitor.fill({ "Email address": "corrected@example.com" });
    await passes("Send a code");
    await visitor.on("One more step");
    await visitor.codeFor("corrected@example.com", 2);
  } finally {
    await checked.stop();
  }
});

/** Logs in, copies the requests as curl, and runs them in a shell. */
async function copiesAsCurl(visitor) {
  await account(visitor, "curl@example.com");
  await logOut(visitor);
  await visitor.page.getByRole("button", { name: "Clear" }).click();
  await logIn(visitor, "curl@example.com", PASSWORD);
  await visitor.on("Account");
  await visitor.click("Copy all as curl");
  await visitor.announced("Copied.");
  const script = await visitor.page.evaluate(() => navigator.clipboard.readText());
  const folder = await mkdtemp(join(tmpdir(), "curl-"));
  try {
    const { stdout } = await promisify(execFile)("bash", ["-euc", script], { cwd: folder });
    assert.match(stdout, /"email":"curl@example.com"/);
  } finally {
    await rm(folder, { recursive: true });
  }
}

test("the requests, copied as curl, do in a shell what the pages did", async () => {
  await copiesAsCurl(await byLink.visit());
});

test("the CSRF token may be in a header instead of a cookie", async () => {
  const byHeader = await openPlayground({ ...SETTINGS, CSRF_USE_SESSIONS: "true" });
  try {
    await copiesAsCurl(await byHeader.visit());
  } finally {
    await byHeader.stop();
  }
});

test("by keyboard alone: to the page, through its form, and on", async () => {
  const visitor = await byLink.visit();
  await account(visitor, "keys@example.com");
  await logOut(visitor);
  const { page } = visitor;
  await page.keyboard.press("Tab");
  for (const text of ["keys@example.com", PASSWORD]) {
    await page.keyboard.type(text);
    await page.keyboard.press("Tab");
  }
  await page.keyboard.press("Enter");
  await visitor.on("Account");
});

test("a page that is not there, and an API that does not trust the origin, are said", async () => {
  const visitor = await byLink.visit();
  await visitor.open("/no/such/page");
  await visitor.on("Not found");
  const other = await openPlayground({ CSRF_TRUSTED_ORIGINS: "http://localhost:1" });
  try {
    const stranger = await other.visit({ isChecked: false });
    await stranger.page.goto(other.playground);
    await stranger.page.getByText(`CSRF_TRUSTED_ORIGINS lacks ${other.playground}`).waitFor();
    await other.logged(new RegExp(`WARN ${other.playground} is not among CSRF_TRUSTED_ORIGINS`));
  } finally {
    await other.stop();
  }
});

test("the other pages: the welcome, the inbox with its search and codes, the description, and a path that is not there", async () => {
  const visitor = await byCode.visit();
  const { page } = visitor;
  const email = "inbox@example.com";
  await visitor.open("/account/signup");
  await page.getByLabel("Email address").first().fill(email);
  await visitor.fill({ Password: PASSWORD });
  await page.getByRole("button", { name: "Sign up", exact: true }).click();
  await visitor.on("One more step");
  const code = await visitor.codeFor(email);

  await page.goto(`${byCode.inbox}/`);
  await page.getByLabel("Search").fill("nothing like this");
  await page.locator("#list li").first().waitFor({ state: "hidden" });
  await page.getByLabel("Search").fill(email);
  await page.locator("#list li:visible button").first().click();
  await visitor.click(`Copy the code ${code}`);
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), code);
  await visitor.click("Copy a link to this message");
  const link = await page.evaluate(() => navigator.clipboard.readText());
  await page.goto("about:blank");
  await page.goto(link);
  await page.getByRole("button", { name: `Copy the code ${code}` }).waitFor();
  await visitor.check();

  await page.goto(`${byCode.api}/`);
  await visitor.on("Vestibule");
  await page.goto(`${byCode.api}/_allauth/nothing`);
  await visitor.on("Not Found");
  await page.goto(`${byCode.api}/_allauth/openapi.html`);
  await page.getByLabel("Search").fill("resend login code");
  assert.deepEqual(await page.locator("section > details:visible summary code").allTextContents(), ["/_allauth/{client}/v1/auth/code/resend"]);
  await page.getByLabel("Search").fill("Trust the browser");
  await page.getByText("Trust the browser").filter({ visible: true }).first().click();
  await page.getByText("Example").filter({ visible: true }).first().click();
  await visitor.sees('"trust": true');
  await page.getByLabel("Search").fill("");
  await page.goto(`${byCode.api}/_allauth/openapi.html#logIn`);
  await page.locator("#logIn").waitFor();
  await visitor.check();
});
