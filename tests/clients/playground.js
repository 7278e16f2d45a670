// A stack with its playground, and visitors who see, click and fill in; every page that they see is checked for
// accessibility, for its width on a phone, and for requests to other hosts.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { setTimeout as pause } from "node:timers/promises";
import { launch } from "./browser.js";
import { startStack } from "./stack.js";

const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PHONE = { width: 360, height: 740 };
const DESK = { width: 1280, height: 800 };

/** Starts a stack with a playground; `stop` it in the end. */
export async function openPlayground(settings) {
  const stack = await startStack(settings);
  const browser = await launch();
  return {
    ...stack,
    visit: (options) => visit(browser, stack, options),
    async stop() {
      await browser.close();
      await stack.stop();
    },
  };
}

async function visit(browser, stack, { isChecked = true } = {}) {
  const context = await browser.newContext({ viewport: DESK });
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const hosts = new Set();
  const faults = [];
  page.on("request", (request) => hosts.add(new URL(request.url()).host));
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("console", (message) => {
    if (/Content Security Policy|Trusted/.test(message.text())) faults.push(message.text());
  });
  const devtools = await context.newCDPSession(page);
  const visitor = {
    page,
    open: (path) => page.goto(stack.playground + path),
    async click(name, role = "button") {
      await page.getByRole(role, { name, exact: true }).first().click();
    },
    /** Fills fields by their labels. */
    async fill(values) {
      for (const [label, value] of Object.entries(values)) {
        await page.getByLabel(label).and(page.locator("input:visible")).first().fill(value);
      }
    },
    sees: (text) => page.getByText(text).filter({ visible: true }).first().waitFor(),
    announced: (text, confirmation) => visitor.appears(page.locator("#status", { hasText: text }), confirmation),
    /** Waits for something; where the page asks for a confirmation before it, gives it: a password, or a key for nothing. */
    async appears(wanted, confirmation) {
      const dialog = page.getByRole("dialog").filter({ hasText: "Confirm that it is you" });
      await wanted.or(dialog).first().waitFor().catch(() => {});
      if (await dialog.isVisible()) {
        await checkAccessibility(page, devtools);
        if (confirmation) {
          await dialog.getByLabel("Password").fill(confirmation);
          await dialog.getByRole("button", { name: "Confirm with the password" }).click();
        } else {
          await dialog.getByRole("button", { name: "Confirm with a security key or passkey" }).click();
        }
      }
      await wanted.first().waitFor().catch(async () => assert.fail(`${wanted} does not appear, but:\n${await page.locator("body").innerText()}`));
    },
    /** Waits for a page by its heading, and checks it. */
    async on(title) {
      await page.getByRole("heading", { level: 1, name: title, exact: true }).waitFor();
      if (isChecked) await visitor.check();
    },
    async check() {
      await checkAccessibility(page, devtools);
      await checkWidth(page);
      const own = new Set([stack.playground, stack.api, stack.inbox].map((url) => new URL(url).host));
      assert.deepEqual([...hosts].filter((host) => host && !own.has(host)), []);
      assert.deepEqual(faults, []);
    },
    /** Gives the browser an authenticator: one that holds passkeys, or a security key that can't. */
    async addAuthenticator({ isSecurityKey = false } = {}) {
      const passkeys = { transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true };
      const options = { protocol: "ctap2", ...(isSecurityKey ? { transport: "usb", hasResidentKey: false } : passkeys) };
      await devtools.send("WebAuthn.enable");
      await devtools.send("WebAuthn.addVirtualAuthenticator", { options });
    },
    /** How many messages there are for somebody. */
    messages: async (to) => (await messages(stack, to)).length,
    /** The link in the next message to somebody, after so many. */
    linkFor: async (to, after = 0) => (await message(stack, to, after)).match(/http:\/\/localhost:\d+\/account\/\S+/)[0],
    codeFor: async (to, after = 0) => (await message(stack, to, after)).match(/\b[A-Z0-9]{3,4}-[A-Z0-9]{3,4}\b/)[0],
    /** Goes to the dummy provider and says who one is. */
    async atDummy(label, identity) {
      await visitor.click(label);
      await page.getByRole("heading", { name: "Dummy Provider Login" }).waitFor();
      await checkAccessibility(page, devtools);
      await checkWidth(page);
      for (const [name, value] of Object.entries(identity)) await page.locator(`input[name=${name}]`).fill(value);
      await page.getByRole("button", { name: "Login" }).click();
    },
  };
  return visitor;
}

/** No violation of any rule of axe. It runs beside the page's policy, which would not let it in. */
async function checkAccessibility(page, devtools) {
  const run = async (expression) => {
    const { result, exceptionDetails } = await devtools.send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
    assert.equal(exceptionDetails, undefined, JSON.stringify(exceptionDetails));
    return result.value;
  };
  await run(`${AXE};0`);
  const violations = await run(`axe.run().then(({ violations }) => violations.map(({ id, help, nodes }) =>
    id + ": " + help + ": " + nodes.map(({ html }) => html.slice(0, 150)).join(" | ")))`);
  assert.deepEqual(violations, [], page.url());
}

/** Nothing is wider than a phone. */
async function checkWidth(page) {
  await page.setViewportSize(PHONE);
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  await page.setViewportSize(DESK);
  assert.ok(width <= PHONE.width, `${page.url()} is ${width} pixels wide`);
}

async function messages(stack, to) {
  const { messages } = await (await fetch(`${stack.inbox}/api/v1/messages`)).json();
  return messages.filter(({ To }) => To[0].Address === to);
}

async function message(stack, to, after) {
  for (let tries = 0; tries < 250; tries += 1) {
    const found = await messages(stack, to);
    if (found.length > after) return (await (await fetch(`${stack.inbox}/api/v1/message/${found[0].ID}`)).json()).Text;
    await pause(40);
  }
  throw new Error(`no message to ${to}`);
}
