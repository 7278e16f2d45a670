// Sign-up, with a password or with a passkey: whatever fields there are.

import { send } from "./api.js";
import { withHelp } from "./configuration.js";
import { botCheck, environment, fields, has } from "./description.js";
import { h, link, section } from "./elements.js";
import { form } from "./form.js";
import { proceed } from "./proceed.js";

/** The page, perhaps with the key of an invitation. */
export async function signup(key) {
  const own = (id) => [...withHoneypot(invited(withHelp(fields(id)), key)), ...botCheck(id)];
  const ways = [
    has("signUp") && form(newPassword(own("signUp")), "Sign up", async (values, more) =>
      proceed(await send("POST", "auth/signup", values, more))),
    has("signUpWithPasskey") && section("With a passkey, without a password",
      form(own("signUpWithPasskey"), "Sign up with a passkey", async (values, more) =>
        proceed(await send("POST", "auth/webauthn/signup", values, more)))),
  ].filter(Boolean);
  const closed = ways.length === 0 && h("p", {}, "Sign-up is closed (ACCOUNT_SIGNUP_ENABLED).");
  return [closed, ...ways, h("p", {}, "Signed up before? ", link("/account/login", "Log in"))];
}

/** Browsers offer a new password rather than fill in an old one. */
export const newPassword = (all) =>
  all.map((field) => (field.name === "password" ? { ...field, options: { autocomplete: "new-password" } } : field));

const invited = (all, key) =>
  all.map((field) => (key && field.name === "invitation" ? { ...field, options: { value: key } } : field));

/** A field that people do not see, and that programs fill in. */
function withHoneypot(all) {
  if (!environment.honeypot) return all;
  return [...all, { name: environment.honeypot, label: "Leave this empty", options: { tabindex: "-1", class: "honeypot" } }];
}
