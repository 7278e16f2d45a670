// The account itself: who is logged in, and how; its export and its end.

import { isLoggedIn, loadSession, send, session } from "./api.js";
import { ownFacts, withHelp } from "./configuration.js";
import { fields, has } from "./description.js";
import { announce, button, confirm, facts, h, link, section, when } from "./elements.js";
import { form, problem, words } from "./form.js";
import { call } from "./reauthenticate.js";
import { go } from "./router.js";

/** The page. */
export async function profile() {
  await loadSession();
  if (!isLoggedIn()) return notLoggedIn();
  const { user, methods } = session.data;
  const used = methods.map((method) =>
    h("li", {}, `${method.type ?? method.provider ?? ""} ${method.method}${method.reauthenticated ? " (again)" : ""}, ${when(method.at)}`));
  const others = ownFacts().map(({ name }) => [words(name), readable(user[name])]);
  return [
    facts({
      Name: user.display,
      Id: h("code", {}, String(user.id)),
      "Email address": user.email,
      Username: user.username,
      Password: user.has_usable_password ? "set" : "none",
      ...Object.fromEntries(others),
      Metadata: readable(user.public_metadata),
    }),
    has("updateProfile") && section("Your details", await details()),
    section("This login", h("ul", {}, ...used)),
    has("exportAccount") && section("Your data", exportButton()),
    has("deleteAccount") && section("The end", button("Delete the account", remove, { class: "bad" })),
  ];
}

/** What pages of an account show to others. */
export const notLoggedIn = () => [h("p", {}, "You are not logged in. ", link("/account/login", "Log in"), " or ", link("/account/signup", "sign up"), ".")];

/** A page of an account: what `show` makes, for those who are logged in. */
export const forAccount = (show) => async () => (isLoggedIn() ? show() : notLoggedIn());

/** Nothing for no value; JSON for what is no text. */
const readable = (value) => (typeof value === "object" && value !== null ? JSON.stringify(value) : value?.toString());

/** The site's own fields, to be changed. */
async function details() {
  const { data } = await send("GET", "account/profile");
  const known = withHelp(fields("updateProfile")).map((field) => ({ ...field, value: data[field.name] }));
  const save = async (values) => {
    const answer = await call("PATCH", "account/profile", values);
    if (answer.status === 200) announce("Saved.");
    return answer;
  };
  return form(known, "Save", save, { sendsEmpty: true });
}

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
