// The email addresses of an account.

import { fields } from "./description.js";
import { done, doneOrError } from "./done.js";
import { button, h, section } from "./elements.js";
import { form, problem } from "./form.js";
import { call } from "./reauthenticate.js";

/** The page. */
export async function emails() {
  const { status, data, ...rest } = await call("GET", "account/email");
  if (status !== 200) return [h("p", { role: "alert", class: "error" }, problem({ status, ...rest }))];
  return [
    h("ul", { class: "cards" }, ...data.map(card)),
    section("Add one", form(fields("addEmailAddress"), "Add", async (values) => done(await call("POST", "account/email", values), "Added: verify it by the mail."))),
  ];
}

function card({ email, verified, primary }) {
  const body = { email };
  return h("li", {},
    h("b", {}, email), " ", h("span", { class: "dim" }, [verified ? "verified" : "not verified", primary && "primary"].filter(Boolean).join(", ")),
    h("p", { class: "row" },
      !verified && act("Send the mail again", email, async () => doneOrError(await call("PUT", "account/email", body), "Sent.")),
      !primary && act("Make it primary", email, async () => doneOrError(await call("PATCH", "account/email", { ...body, primary: true }), "It is primary now.")),
      act("Remove", email, async () => doneOrError(await call("DELETE", "account/email", body), "Removed."))));
}

const act = (text, email, action) => button(text, action, { "aria-label": `${text}: ${email}` });
