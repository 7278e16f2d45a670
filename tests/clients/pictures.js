// Takes the pictures of docs/pictures again, of the program in VESTIBULE:
//
//   VESTIBULE=target/debug/vestibule CHROMIUM=$(command -v chromium) node tests/clients/pictures.js

import { join } from "node:path";
import { visitConsole } from "./console.js";
import { openPlayground } from "./playground.js";

const FOLDER = join(import.meta.dirname, "../../docs/pictures");
const EMAIL = "ann@example.com";
const PASSWORD = "correct-horse-battery";

const stack = await openPlayground({ MFA_SUPPORTED_TYPES: "totp,recovery_codes,webauthn", MFA_PASSKEY_LOGIN_ENABLED: "true" });
try {
  const { page, open, fill, click, on, sees, linkFor } = await stack.visit({ isChecked: false });
  await page.emulateMedia({ colorScheme: "light" });
  const picture = (name) => page.screenshot({ path: join(FOLDER, `${name}.png`) });
  await open("/account/signup");
  await fill({ "Email address": EMAIL, Password: PASSWORD });
  await click("Sign up");
  await on("One more step");
  const link = await linkFor(EMAIL);
  await page.goto(stack.inbox);
  await page.locator("#list a, #list button").first().click();
  await page.getByRole("button", { name: "Copy a link to this message" }).waitFor();
  await picture("inbox");
  await page.goto(link);
  await click("Verify");
  await on("Verified");
  await open("/account/login");
  await fill({ "Email address": EMAIL, Password: PASSWORD });
  await click("Log in");
  await on("Account");
  await click("Second factors", "link");
  await on("Second factors");
  await click("Set up an app");
  await sees("Scan this with the app");
  await page.locator("#requests summary").first().click();
  await picture("playground");

  const operator = await visitConsole(stack.browser, await stack.said(/http:\/\/127\.0\.0\.1:\d+\/#[\w-]{43}/), { colorScheme: "light" });
  await operator.open();
  await operator.account(EMAIL);
  await operator.page.getByRole("button", { name: "Remove: Authenticator app" }).or(operator.page.getByRole("button", { name: "Disable" })).first().click();
  await operator.page.getByRole("dialog").waitFor();
  await operator.page.screenshot({ path: join(FOLDER, "console.png") });
} finally {
  await stack.stop();
}
