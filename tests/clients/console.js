// A console, and an operator who has its link; every page that they see is checked as those of the playground are.

import assert from "node:assert/strict";
import { openPage } from "./pages.js";

/** Somebody who opens the link of a console for the first time. */
export async function visitConsole(browser, link, options) {
  const { context, page, check } = await openPage(browser, [link], options);
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  // No text of an account may run.
  page.on("dialog", (dialog) => assert.fail(dialog.message()));
  const dialog = page.getByRole("dialog");
  const operator = {
    context,
    page,
    check,
    async open() {
      await page.goto(link);
      await operator.on("Accounts");
    },
    /** Waits for a page by its heading, and checks it. */
    async on(title) {
      await page.getByRole("heading", { level: 1, name: title, exact: true }).waitFor();
      await check();
    },
    follow: (name) => page.getByRole("link", { name, exact: true }).first().click(),
    click: (name) => page.getByRole("button", { name, exact: true }).click(),
    /** A section of the page, by its heading. */
    section: (title) => page.locator("section").filter({ has: page.getByRole("heading", { level: 2, name: title, exact: true }) }),
    async find(text) {
      await operator.follow("Accounts");
      await page.getByLabel("Email address, username, phone number or id").fill(text);
      await operator.click("Find");
    },
    /** Goes to the account that is found by this. */
    async account(text) {
      await operator.find(text);
      await operator.section("Find an account").locator(".cards a").first().click();
      await operator.on("Account");
    },
    /** Fills in fields of a section, by their labels, and opens what is folded before. */
    async fill(title, values) {
      const section = operator.section(title);
      for (const folded of await section.locator("details:not([open]) > summary").all()) await folded.click();
      for (const [label, value] of Object.entries(values)) {
        const field = section.getByLabel(label);
        if (typeof value === "boolean") await field.setChecked(value);
        else if (await field.evaluate((control) => control.matches("select"))) await field.selectOption(value);
        else await field.fill(value);
      }
    },
    /** Reads what the confirmation says, and gives it. */
    async confirm(title, { says = /./, mails = [], done = "Done." } = {}) {
      await dialog.getByRole("heading", { name: title, exact: true }).waitFor();
      await check();
      assert.match(await dialog.innerText(), says);
      const told = await dialog.locator("dt", { hasText: "Mail" }).locator("+ dd").allInnerTexts();
      const recipients = told.flatMap((text) => text.replace("none is sent", "").replace(/^to /, "").split(", ")).filter(Boolean);
      assert.deepEqual(recipients.sort(), [...mails].sort());
      await dialog.locator("button.bad").click();
      await operator.announced(done);
    },
    announced: (text) => page.locator("#status", { hasText: text }).waitFor(),
    sees: (text) => page.getByText(text).filter({ visible: true }).first().waitFor(),
  };
  return operator;
}
