// The phone number of an account.

import { send } from "./api.js";
import { environment, fields } from "./description.js";
import { done } from "./done.js";
import { facts, h, section } from "./elements.js";
import { form, problem } from "./form.js";
import { call } from "./reauthenticate.js";

/** The page. */
export async function phone() {
  const { status, data = [] } = await call("GET", "account/phone");
  if (status !== 200) return [h("p", { role: "alert", class: "error" }, problem({ status }))];
  const [number] = data;
  const verification = h("div");
  const isWaiting = number && !number.verified;
  if (isWaiting) verification.append(...verify());
  return [
    number ? facts({ "Phone number": number.phone, Verified: number.verified ? "yes" : "not yet" }) : h("p", {}, "The account has no phone number."),
    verification,
    section(number ? "Change it" : "Add one", form(fields("changePhoneNumber"), "Send a code", async (values) => {
      const answer = await call("POST", "account/phone", values);
      if (answer.status === 202) {
        verification.replaceChildren(...verify());
        verification.querySelector("input").focus();
      }
      return answer;
    })),
  ];
}

function verify() {
  const code = { name: "code", label: "Code from the text message", required: true, options: { autocomplete: "one-time-code" } };
  return [
    h("p", {}, "A code was sent: it is in the ", h("a", { href: environment.inbox, target: "_blank" }, "inbox"), "."),
    form([code], "Verify", async (values) => done(await send("POST", "auth/phone/verify", values), "Verified.")),
  ];
}
