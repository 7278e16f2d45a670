// The console, driven by clicking alone: in front of the operators' API of a local stack, and of one that is hostile.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { launch } from "./browser.js";
import { visitConsole } from "./console.js";
import { visitPlayground } from "./playground.js";
import { startConsole, startStack } from "./stack.js";
import { totp } from "./totp.js";

const LINK = /http:\/\/127\.0\.0\.1:\d+\/#[\w-]{43}/;
const PASSWORD = "correct-horse-battery";
const NEW_PASSWORD = "battery-staple-correct";
const MARKUP = "<img src=x onerror=alert(1)>";
const SETTINGS = {
  ACCOUNT_INVITATIONS_ENABLED: "true",
  ACCOUNT_LOGIN_METHODS: "email,username,phone",
  ACCOUNT_SIGNUP_FIELDS: "email*,username,phone,password1*",
  ACCOUNT_PROFILE_FIELDS: JSON.stringify({
    nick: { type: "text" },
    level: { type: "integer", max: 9, write: "operator" },
    plan: { type: "choice", choices: ["free", "pro"], write: "operator" },
    beta: { type: "boolean", write: "operator" },
    born: { type: "date" },
    terms: { type: "consent", version: "1", write: "signup" },
  }),
  AUDIT_RETENTION_DAYS: "30",
  MFA_SUPPORTED_TYPES: "totp,recovery_codes",
};

let stack;
let link;
let browser;
const servers = [];

before(async () => {
  [stack, browser] = await Promise.all([startStack(SETTINGS), launch()]);
  link = await stack.said(LINK);
});

after(async () => {
  for (const server of servers) server.close();
  await browser?.close();
  await stack?.stop();
});

/** A request of an app; resolves to the answer, with its session. */
async function app(method, path, body, session) {
  const headers = { "content-type": "application/json", "user-agent": MARKUP, ...(session && { "x-session-token": session }) };
  const response = await fetch(`${stack.api}/_allauth/app/v1/${path}`, { method, headers, body: body && JSON.stringify(body) });
  const answer = await response.json();
  return { ...answer, session: answer.meta?.session_token ?? session };
}

const logIn = (email, password = PASSWORD) => app("POST", "auth/login", { email, password });

/** An operator who has made an account with a password, and looks at it. */
async function operatorWith(email) {
  const operator = await visitConsole(browser, link);
  await operator.open();
  await operator.follow("Add an account");
  await operator.on("Add an account");
  await operator.page.getByLabel("Email address optional").fill(email);
  await operator.page.getByLabel("Password optional").fill(PASSWORD);
  await operator.click("Add…");
  await operator.confirm("Add this account?", { says: /user\.signed_up/, done: "The account is made." });
  await operator.on("Account");
  return operator;
}

test("accounts are found exactly, and listed by a scan that says so", async () => {
  const { page, find, section, sees, click, check } = await operatorWith("find@example.com");
  const id = await page.locator("main dl code").first().innerText();
  for (const text of ["Find@Example.com", id]) {
    await find(text);
    await section("Find an account").getByRole("link", { name: "find@example.com" }).waitFor();
  }
  await find("nothing@example.com");
  await sees("No account has exactly that.");
  await find("");
  await sees("Say which account.");
  await page.getByLabel("Only those with this text").fill("find@");
  await click("List");
  await section("List accounts").getByRole("link", { name: "find@example.com" }).waitFor();
  await sees(/account.*; \d+ items of the table were read/);
  await check();
});

test("what an account is known by: each change says what it does, mails the owner, and stands in the history", async () => {
  const [email, second] = ["whole@example.com", "second@example.com"];
  const operator = await operatorWith(email);
  const { click, fill, confirm, section, sees } = operator;
  const act = (title, name) => section(title).getByRole("button", { name, exact: true }).click();

  await fill("Email addresses", { "Email address": "no email address" });
  await click("Add…");
  await section("Email addresses").locator(".error", { hasText: /email address/ }).waitFor();
  await fill("Email addresses", { "Email address": second });
  await click("Add…");
  await confirm(`Add ${second}?`, { says: /email\.added/, mails: [email] });
  assert.match((await stack.mail(email)).Text, new RegExp(second));
  await act("Email addresses", `Send verification mail: ${second}`);
  await confirm("Send the verification mail?", { mails: [second], done: "The mail is on its way." });
  await stack.mail(second, /http\S+/);
  await act("Email addresses", `Mark as verified: ${second}`);
  await confirm(`Mark ${second} as verified?`, { says: /email\.confirmed/, mails: [email, second] });
  await act("Email addresses", `Make primary: ${second}`);
  await confirm(`Make ${second} primary?`, { says: /email\.changed/, mails: [email, second] });
  await act("Email addresses", `Send reset mail: ${second}`);
  await confirm("Send the reset mail?", { mails: [second], done: "The mail is on its way." });
  await act("Email addresses", `Remove: ${email}`);
  await confirm(`Remove ${email}?`, { says: /email\.removed/ });
  await fill("Username", { Username: "ann" });
  await act("Username", "Set…");
  await confirm("Set the username to ann?", { says: /user\.username_changed/ });
  await fill("Phone number", { "Phone number": "+31612345678" });
  await act("Phone number", "Set…");
  await confirm("Set the phone number to +31612345678?", { says: /phone\.added/, mails: [second] });
  await act("Phone number", "Remove: +31612345678");
  await confirm("Remove +31612345678?", { says: /phone\.removed/ });
  await fill("Fields", { Level: "10" });
  await act("Fields", "Set…");
  await sees(/level: .*9/);
  await fill("Fields", { Nick: MARKUP, Level: "3", Plan: "pro", Beta: true, Born: "1999-12-31" });
  await act("Fields", "Set…");
  await confirm("Set these fields?", { says: /profile\.changed/ });
  assert.ok(await section("Fields").getByLabel("Beta").isChecked());
  assert.equal(await section("Fields").getByLabel("Plan").inputValue(), "pro");
  assert.equal(await section("Fields").getByLabel("Born").inputValue(), "1999-12-31");
  await section("Fields").getByText("not given").waitFor();
  await fill("Metadata", { "For operators only": "{" });
  await act("Metadata", "Replace…");
  await sees("This is no JSON object");
  await fill("Metadata", { "For operators only": '{"plan": "pro"}' });
  await act("Metadata", "Replace…");
  await confirm("Replace the metadata?");
  assert.equal(await section("Fields").getByLabel("Nick").inputValue(), MARKUP);
  assert.match(await section("Metadata").getByLabel("For operators only").inputValue(), /"plan": "pro"/);
  const history = await section("History").innerText();
  for (const type of ["email.added", "email.confirmed", "email.changed", "phone.removed", "profile.changed"]) {
    assert.match(history, new RegExp(`${type.replace(".", "\\.")}.* by operator`), type);
  }
});

test("mail is sent again to an email address that was marked as undeliverable, and the history says so", async () => {
  // As Amazon SES's mailbox simulator, the local inbox reports a bounce for it.
  const email = "bounce@simulator.amazonses.com";
  const operator = await operatorWith(email);
  const act = (name) => operator.section("Email addresses").getByRole("button", { name, exact: true }).click();
  await act(`Send reset mail: ${email}`);
  await operator.confirm("Send the reset mail?", { mails: [email], done: "The mail is on its way." });
  await stack.mail(email, /http\S+/);
  await operator.account(email);
  await operator.section("Email addresses").getByText(/undeliverable: no mail is sent to it until/).waitFor();
  await act(`Send mail again: ${email}`);
  await operator.confirm(`Send mail to ${email} again?`);
  await operator.section("History").getByText("email.cleared", { exact: true }).waitFor();
  assert.equal(await operator.section("Email addresses").getByText(/undeliverable/).count(), 0);
});

test("how an owner logs in: password, second factors, sessions, and the account as such", async () => {
  const email = "methods@example.com";
  const operator = await operatorWith(email);
  const { page, click, fill, confirm, section, announced, on } = operator;
  const act = (title, name) => section(title).getByRole("button", { name, exact: true }).first().click();

  const { session } = await logIn(email);
  await app("POST", "auth/reauthenticate", { password: PASSWORD }, session);
  const { meta } = await app("GET", "account/authenticators/totp", undefined, session);
  assert.equal((await app("POST", "account/authenticators/totp", { code: totp(meta.secret) }, session)).status, 200);
  await operator.account(email);
  await section("Sessions").getByText(MARKUP).waitFor();
  await section("Sessions").getByRole("button", { name: /^End it: 127\.0\.0\.1/ }).click();
  await confirm("End this session?", { says: /session\.ended/ });
  assert.equal((await app("GET", "auth/session", undefined, session)).status, 410);
  await act("Second factors", "Remove: Authenticator app");
  await confirm("Remove this second factor?", { says: /authenticator\.removed/, mails: [email] });

  const again = await logIn(email);
  assert.equal(again.status, 200, "the second factor is gone");
  await fill("Password", { "New password": "short" });
  await act("Password", "Set…");
  await section("Password").locator(".error", { hasText: /short/ }).waitFor();
  await fill("Password", { "New password": NEW_PASSWORD });
  await act("Password", "Set…");
  await confirm("Set the password?", { says: /password\./, mails: [email] });
  assert.equal((await app("GET", "auth/session", undefined, again.session)).status, 401);
  assert.equal((await logIn(email, NEW_PASSWORD)).status, 200);
  await act("Password", "Remove the password");
  await confirm("Remove the password?", { says: /password\.removed/ });
  await section("Password").getByText("None.").waitFor();

  await act("Access", "Mark as superuser");
  await confirm("Mark the account as superuser?", { says: /user\.superuser_changed/, mails: [email] });
  await act("Access", "Remove the superuser mark");
  await confirm("Remove the superuser mark?");
  await act("Access", "Reset failed logins");
  await confirm("Reset the count of failed logins?");
  await act("Access", "Disable");
  await confirm("Disable the account?", { says: /user\.disabled/ });
  await page.locator(".mark", { hasText: "disabled" }).waitFor();
  await act("Access", "Enable");
  await confirm("Enable the account?", { says: /user\.enabled/ });

  // What is left, is left.
  await act("Access", "Delete the account");
  await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await act("Access", "Delete the account");
  await confirm("Delete the account?", { says: /user\.deleted/, done: "The account is deleted." });
  await on("Accounts");
  await operator.find(email);
  await operator.sees("No account has exactly that.");
  await page.goBack();
  await page.getByText("there is no such account").waitFor();
  await section("History").getByText("user.deleted", { exact: true }).waitFor();
});

test("an account at a provider is found by its id there, and disconnected", async () => {
  const visitor = await visitPlayground(browser, stack, { isChecked: false });
  const email = "dummy@example.com";
  await visitor.open("/account/login");
  await visitor.atDummy("Continue with Dummy", { id: "7", email });
  await visitor.on("One more step");
  await visitor.page.goto(await visitor.linkFor(email));
  await visitor.click("Verify");
  await visitor.on("Verified");
  const { open, click, fill, section, confirm, on } = await visitConsole(browser, link);
  await open();
  await fill("Find an account", { Provider: "dummy", "Id of the account there": "7" });
  await click("Find there");
  await section("Find an account").getByRole("link", { name: email }).click();
  await on("Account");
  await section("Connected accounts").getByRole("button", { name: "Disconnect: dummy 7" }).click();
  await confirm("Disconnect dummy?", { says: /social_account\.removed/ });
  await section("Connected accounts").getByText("None.").waitFor();
});

test("an email address is invited, by mail or by a link that is shown, and the invitation revoked", async () => {
  const { page, open, follow, on, click, fill, confirm, section } = await visitConsole(browser, link);
  const email = "new@example.com";
  await open();
  await follow("Invitations");
  await on("Invitations");
  await fill("Invite", { "Email address": email, "Invited by": MARKUP, Plan: "pro", Beta: true });
  await click("Invite…");
  await confirm(`Invite ${email}?`, { says: /Plan is set to pro\..* is sent to new@example\.com/, done: "Invited." });
  await stack.mail(email, /http\S+/);
  await fill("Invite", { "Show the link instead of sending it": true });
  await click("Invite…");
  await confirm(`Invite ${email}?`, { says: /No mail is sent/, done: "Invited." });
  assert.match(await section("Invite").locator("pre").innerText(), /^http/);
  await click("List invitations");
  await section("Open invitations").getByText(MARKUP).waitFor();
  await section("Open invitations").getByText('{"beta":true,"plan":"pro"}').waitFor();
  await section("Open invitations").getByRole("button", { name: `Revoke: ${email}` }).click();
  await confirm("Revoke the invitation?");
  await click("List invitations");
  await section("Open invitations").getByText(/^Revoked .* by operator local$/).waitFor();
  assert.equal(await section("Open invitations").getByText(/^Made .* by operator local$/).count(), 2);
  assert.equal(await section("Open invitations").getByRole("button", { name: /^Revoke/ }).count(), 0);
  assert.ok(!page.url().includes("example.com"), "no person is in the browser's history");
});

test("by keyboard alone: to an account, through a confirmation, and out of it", async () => {
  const { page, follow, on } = await operatorWith("keys@example.com");
  await follow("Accounts");
  await on("Accounts");
  await page.keyboard.press("Tab");
  await page.keyboard.type("keys@example.com");
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: "keys@example.com" }).waitFor();
  for (const [key, times] of [["Tab", 3], ["Enter", 1]]) for (let time = 0; time < times; time += 1) await page.keyboard.press(key);
  await on("Account");
  await page.getByRole("button", { name: "Disable" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
});

test("the link is taken out of the URL and lost with the page; what is idle for too long shows nothing any more", async () => {
  const { page, open, account, sees, on } = await operatorWith("idle@example.com");
  assert.ok(!page.url().includes(link.split("#")[1]));
  await page.reload();
  await sees("This page has no link");
  await on("The console is closed");
  await page.clock.install();
  await open();
  await account("idle@example.com");
  await page.clock.fastForward(30 * 60 * 1000 + 1);
  await sees("idle for 30 minutes");
  await on("The console is closed");
  assert.ok(!(await page.locator("body").innerText()).includes("idle@example.com"));
  await page.goto(link.replace(/#.*/, `#${"A".repeat(43)}`));
  await page.getByRole("button", { name: "List", exact: true }).click();
  await sees("This is not the link that was printed last.");
});

test("a page of another site can neither call the console nor show it in a frame", async () => {
  const url = await serve((request, response) => response.writeHead(200, { "content-type": "text/html" }).end("<title>Another site</title>"));
  const other = await (await browser.newContext()).newPage();
  await other.goto(url.replace("127.0.0.1", "localhost"));
  const [origin, token] = link.split("/#");
  const call = (headers, mode) => other.evaluate(async ([url, headers, mode]) => {
    try {
      const response = await fetch(url, { method: "POST", headers, body: "{}", mode });
      return response.type === "opaque" ? "opaque" : response.status;
    } catch {
      return "refused";
    }
  }, [`${origin}/api/user.list`, headers, mode]);
  assert.equal(await call({ "content-type": "application/json", "x-console-token": token }, "cors"), "refused");
  assert.equal(await call({ "content-type": "text/plain" }, "no-cors"), "refused", "not even an opaque answer");
  const isForeign = await other.evaluate((url) => new Promise((resolve) => {
    const made = document.createElement("iframe");
    made.src = url;
    made.addEventListener("load", () => resolve(made.contentDocument === null));
    document.body.append(made);
  }), link);
  assert.ok(isForeign && !other.frames()[1].url().startsWith(origin));
});

/** Serves at a free port. */
async function serve(answer) {
  const server = createServer(answer);
  servers.push(server);
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${server.address().port}`;
}

/** A deployment whose every text is markup, and whose credentials may only read. */
async function hostileApi() {
  const user = {
    id: MARKUP, username: MARKUP, email: MARKUP, phone: MARKUP, active: false, superuser: true, created_at: 1, last_login_at: null,
    emails: [{ email: MARKUP, verified: false, primary: true, undeliverable_until: 4e9 }], phone_verified: false, password: MARKUP,
    authenticators: [{ id: 1, type: MARKUP, name: MARKUP, unused_codes: null, created_at: 1, last_used_at: null }],
    social_accounts: [{ provider: MARKUP, uid: MARKUP, display: MARKUP, connected_at: 1 }],
    profile: { [MARKUP]: MARKUP }, public_metadata: { [MARKUP]: MARKUP }, private_metadata: {},
  };
  const answers = {
    "user.find": { users: [user] },
    "field.list": { fields: [{ name: MARKUP, type: MARKUP, help: MARKUP }] },
    "user.show": user,
    "user.sessions": { sessions: [{ id: 1, created_at: 1, last_seen_at: 1, ip: MARKUP, user_agent: MARKUP }] },
    "user.history": { events: [{ type: MARKUP, data: { [MARKUP]: MARKUP }, at: 1, actor: { kind: MARKUP, arn: MARKUP }, session: null }], altered: [MARKUP], next: null },
  };
  return serve((request, response) => {
    const data = answers[request.url.slice(1)];
    response.writeHead(data ? 200 : 403, { "content-type": "application/json" }).end(JSON.stringify(data ? { data } : { Message: "Forbidden" }));
  });
}

test("markup is text wherever it stands, and who may only read is told so", async () => {
  const api = await hostileApi();
  const aws = { AWS_REGION: "eu-west-1", AWS_ACCESS_KEY_ID: "AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY: "secret" };
  const deployed = await startConsole({ OPERATOR_READ_URL: api, ...aws });
  try {
    const { page, open, account, section, click, announced } = await visitConsole(browser, await deployed.said(LINK));
    await open();
    await page.getByText(api).waitFor();
    await account("ann");
    assert.equal(await page.locator("main img, main script").count(), 0);
    for (const title of ["Email addresses", "Username", "Phone number", "Sessions", "History", "Second factors"]) {
      assert.ok((await section(title).innerText()).includes(MARKUP), title);
    }
    await click("Enable");
    await announced("AWS refuses this to your credentials.");
  } finally {
    await deployed.stop();
  }
});
