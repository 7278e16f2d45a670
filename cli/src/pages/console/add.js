// Making an account.

import { change } from "./change.js";
import { h } from "./elements.js";
import { form } from "./form.js";
import { go } from "./router.js";

/** The page. */
export async function add() {
  const fields = [
    { name: "email", schema: { format: "email" } },
    { name: "username" },
    { name: "phone" },
    { name: "password", hint: "Without one, login is possible by other methods only", options: { autocomplete: "new-password" } },
    { name: "any_password", label: "Also one that the password rules refuse", schema: { type: "boolean" } },
    { name: "unverified", label: "Leave email address and phone number unverified", schema: { type: "boolean" } },
    { name: "inactive", label: "Disabled", schema: { type: "boolean" } },
    { name: "superuser", label: "Superuser", schema: { type: "boolean" } },
  ];
  const make = (values) => {
    const who = values.email ?? values.username ?? values.phone;
    const what = { who, title: "Add this account?", text: "The account can be used at once.", label: "Add", done: "The account is made." };
    return change("user.add", values, what, ({ id }) => go(`/account/${encodeURIComponent(id)}`));
  };
  return [h("p", {}, "It needs an email address, a username or a phone number. No mail is sent."), form(fields, "Add…", make)];
}
