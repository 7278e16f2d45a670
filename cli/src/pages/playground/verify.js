// Verification of an email address, by the link of a mail.

import { isLoggedIn, send } from "./api.js";
import { announce, button, facts, h, link } from "./elements.js";
import { problem } from "./form.js";
import { proceed } from "./proceed.js";

/** The page. Looking at it verifies nothing: programs that read mail follow links too. */
export async function verifyEmail(key) {
  const found = await send("GET", "auth/email/verify", undefined, { headers: { "X-Email-Verification-Key": key } });
  if (found.status !== 200) return [h("p", { role: "alert", class: "error" }, problem(found))];
  const { email, user } = found.data;
  return [
    facts({ "Email address": email, Account: user?.display }),
    button("Verify", () => verify(key), { class: "main" }),
  ];
}

async function verify(key) {
  const answer = await send("POST", "auth/email/verify", { key });
  // A 401 is a success as well: verified, but nobody is logged in.
  if (answer.status !== 200 && answer.status !== 401) return announce(problem(answer));
  await proceed(answer);
  if (isLoggedIn()) return undefined;
  const page = document.getElementById("page");
  page.replaceChildren(h("h1", { tabindex: "-1" }, "Verified"), h("p", {}, "The email address is verified. ", link("/account/login", "Log in")));
  page.firstChild.focus();
  return undefined;
}
