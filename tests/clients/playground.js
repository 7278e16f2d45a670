// A stack with its playground, and visitors who see, click and fill in; every page that they see is checked for
// accessibility, for its width on a phone, and for requests to other hosts.

import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { launch } from "./browser.js";
import { checkAccessibility, checkWidth, openPage } from "./pages.js";
import { startStack } from "./stack.js";

/** Starts a stack with a playground; `stop` it in the end. */
export async function openPlayground(settings) {
  const stack = await startStack(settings);
  const browser = await launch();
  return {
    ...stack,
    browser,
    visit: (options) => visitPlayground(browser, stack, options),
    async stop() {
      await browser.close();
      await stack.stop();
    },
  };
}

/** Somebody at the playground of a stack, who was never there before. */
export async function visitPlayground(browser, stack, { isChecked = true } = {}) {
  const { context, page, devtools, check } = await openPage(browser, [stack.playground, stack.api, stack.inbox]);
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
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
    /** Sees the menu of those who are not logged in. */
    async isLoggedOut() {
      await page.getByRole("navigation").getByRole("link", { name: "Sign up", exact: true }).waitFor();
      assert.equal(await page.getByRole("button", { name: "Log out" }).count(), 0);
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
    check,
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
