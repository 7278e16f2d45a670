// The password of an account: its change, or a first one.

import { isLoggedIn, loadSession, session } from "./api.js";
import { fields } from "./description.js";
import { announce } from "./elements.js";
import { form } from "./form.js";
import { call } from "./reauthenticate.js";
import { go, refresh } from "./router.js";

/** The page. */
export async function password() {
  const hasOne = session.data.user.has_usable_password;
  const asked = fields("changePassword")
    .filter(({ name }) => name !== "current_password" || hasOne)
    .map((field) => ({ ...field, required: true }));
  return [form(asked, hasOne ? "Change the password" : "Set a password", async (values) => {
    const answer = await call("POST", "account/password/change", values);
    if (answer.status !== 200 && answer.status !== 401) return answer;
    // ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE ends this session too.
    await loadSession();
    await (isLoggedIn() ? refresh() : go("/account/login"));
    announce("The password is set.");
    return undefined;
  })];
}
