// Password reset: its request, and the new password by the link of a mail. With a code, `pending.js` goes on.

import { pendingFlow, send } from "./api.js";
import { botCheck, elsewhere, environment, fields } from "./description.js";
import { facts, h, link } from "./elements.js";
import { form, problem } from "./form.js";
import { proceed } from "./proceed.js";
import { go } from "./router.js";

/** The page that asks for the mail. */
export async function requestReset() {
  const sent = h("p", { role: "status" });
  return [
    form([...fields("requestPasswordReset"), ...botCheck("requestPasswordReset")], "Send the mail", async (values, more) => {
      const answer = await send("POST", "auth/password/request", values, more);
      if (pendingFlow()) return proceed(answer);
      if (answer.status === 200) {
        const other = elsewhere("account_reset_password_from_key");
        const inbox = h("a", { href: environment.inbox, target: "_blank" }, "inbox");
        sent.replaceChildren("If there is an account, a mail with a link is in the ", inbox, other ? `. It leads to ${other} (HEADLESS_FRONTEND_URLS, FRONTEND_URL), not here.` : ".");
      }
      return answer;
    }),
    sent,
  ];
}

/** The page that the link leads to. */
export async function reset(key) {
  const found = await send("GET", "auth/password/reset", undefined, { headers: { "X-Password-Reset-Key": key } });
  if (found.status !== 200) return [h("p", { role: "alert", class: "error" }, problem(found)), link("/account/password/reset", "Ask for another mail")];
  return [facts({ Account: found.data.user?.display }), newPasswordForm({ key })];
}

/** The form of the new password; with a code, that is asked for as well. */
export function newPasswordForm(known) {
  const wanted = fields("resetPassword")
    .filter(({ name }) => !(name in known))
    .map((field) => (field.name === "key" ? { ...field, label: "Code" } : { ...field, label: "New password", options: { autocomplete: "new-password" } }));
  return form(wanted, "Set the password", async (values) => {
    const answer = await send("POST", "auth/password/reset", { ...known, ...values });
    // A 401 is a success as well: the password is set, but nobody is logged in.
    if (answer.status !== 200 && answer.status !== 401) return answer;
    await proceed(answer);
    if (answer.status === 401 && !pendingFlow()) await go("/account/login");
    return undefined;
  });
}
