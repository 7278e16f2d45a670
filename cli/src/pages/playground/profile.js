// The account itself: who is logged in, and how; its export and its end.

import { isLoggedIn, loadSession, session } from "./api.js";
import { has } from "./description.js";
import { announce, button, confirm, facts, h, link, section, when } from "./elements.js";
import { problem } from "./form.js";
import { call } from "./reauthenticate.js";
import { go } from "./router.js";

/** The page. */
export async function profile() {
  await loadSession();
  if (!isLoggedIn()) return notLoggedIn();
  const { user, methods } = session.data;
  const used = methods.map((method) =>
    h("li", {}, `${method.type ?? method.provider ?? ""} ${method.method}${method.reauthenticated ? " (again)" : ""}, ${when(method.at)}`));
  return [
    facts({
      Name: user.display,
      Id: h("code", {}, String(user.id)),
      "Email address": user.email,
      Username: user.username,
      Password: user.has_usable_password ? "set" : "none",
    }),
    section("This login", h("ul", {}, ...used)),
    has("exportAccount") && section("Your data", exportButton()),
    has("deleteAccount") && section("The end", button("Delete the account", remove, { class: "bad" })),
  ];
}

/** What pages of an account show to others. */
export const notLoggedIn = () => [h("p", {}, "You are not logged in. ", link("/account/login", "Log in"), " or ", link("/account/signup", "sign up"), ".")];

/** A page of an account: what `show` makes, for those who are logged in. */
export const forAccount = (show) => async () => (isLoggedIn() ? show() : notLoggedIn());

function exportButton() {
  const shown = h("pre", { hidden: true });
  const get = button("Export your data", async () => {
    const answer = await call("GET", "account/export");
    if (answer.status !== 200) return announce(problem(answer));
    shown.textContent = JSON.stringify(answer.data, null, 2);
    shown.hidden = false;
    return announce("Exported.");
  });
  return [get, shown];
}

async function remove() {
  const isSure = await confirm("Delete the account?", "Everything that is stored of it is deleted. It cannot be restored.", "Delete it");
  if (!isSure) return;
  const answer = await call("DELETE", "account");
  if (answer.status !== 200) return announce(problem(answer));
  await loadSession();
  await go("/account/login");
  return announce("The account is deleted.");
}
