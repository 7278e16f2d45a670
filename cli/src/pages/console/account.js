// An account whole: what it is, what can be changed of it, and what happened to it.

import { marks, nameOf } from "./accounts.js";
import { request } from "./api.js";
import { emails, phone, username } from "./identity.js";
import { facts, h, section, when } from "./elements.js";
import { fields, metadata } from "./fields.js";
import { by, history } from "./history.js";
import { factors, password, providers } from "./methods.js";
import { sessions } from "./sessions.js";
import { alert } from "./router.js";
import { standing } from "./standing.js";

/** The page of the account with this id. */
export async function account(id) {
  const asked = ["user.show", "user.sessions", "user.history"].map((operation) => request(operation, { id }));
  const [shown, open, past, declared] = await Promise.all([...asked, request("field.list")]);
  if (shown.errors) {
    // What is left of a deleted account is its history.
    return [alert(shown.errors[0].message), past.data?.events?.length > 0 && section("History", history(id, past))];
  }
  const user = shown.data;
  return [
    h("p", {}, h("b", {}, nameOf(user)), " ", ...marks(user)),
    facts({
      Id: h("code", {}, user.id),
      "Signed up": when(user.created_at),
      "Last login": when(user.last_login_at),
      Invited: user.invitation ? `${when(user.invitation.at)} by ${by(user.invitation.actor)}` : undefined,
    }),
    section("Email addresses", emails(user)),
    section("Username", username(user)),
    section("Phone number", phone(user)),
    section("Password", password(user)),
    section("Second factors", factors(user)),
    section("Connected accounts", providers(user)),
    section("Sessions", sessions(user, open)),
    section("Fields", declared.errors ? alert(declared.errors[0].message) : fields(user, declared.data.fields)),
    section("Metadata", metadata(user)),
    section("Access", standing(user)),
    section("History", history(id, past)),
  ];
}
