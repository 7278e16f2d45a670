// Whether an account may be used, what it may do, and its end.

import { nameOf } from "./accounts.js";
import { changeButton } from "./change.js";
import { h } from "./elements.js";
import { go } from "./router.js";

/** What can be done with the account as such. */
export function standing(user) {
  const { id, active, superuser } = user;
  const who = nameOf(user);
  const act = (text, operation, values, what, options) => changeButton(text, operation, { id, ...values }, { who, ...what }, options);
  return h("div", { class: "row" },
    active
      ? act("Disable", "user.disable", {}, { title: "Disable the account?", text: "Nobody can log in to it any more. All sessions end, and no browser is trusted any more." }, { class: "bad" })
      : act("Enable", "user.enable", {}, { title: "Enable the account?", text: "Its owner can log in again." }),
    act("Reset failed logins", "user.unlock", {}, { title: "Reset the count of failed logins?", text: "The rate limits of this account on failed logins begin again, for its owner and for whoever guesses." }),
    superuser
      ? act("Remove the superuser mark", "user.superuser", { value: false }, { title: "Remove the superuser mark?", text: "Tokens and services of yours no longer see it as an administrator." })
      : act("Mark as superuser", "user.superuser", { value: true }, { title: "Mark the account as superuser?", text: "Tokens and services of yours see it as an administrator." }, { class: "bad" }),
    act("Delete the account", "user.delete", {}, { title: "Delete the account?", text: "Everything that is stored of it is deleted, but for its history. It cannot be restored.", done: "The account is deleted." },
      { class: "bad", after: () => go("/") }));
}
