// Reauthentication: some changes need a fresh proof of who is there. The answer is a 401 with `is_authenticated: true`,
// and its flows are the ways to give it; then the call is made once more.

import { send } from "./api.js";
import { needsReauthentication } from "./client/answers.js";
import { announce, ask, button, h } from "./elements.js";
import { form, problem } from "./form.js";
import { useCredential } from "./client/webauthn.js";

/** Sends a request, and again after a reauthentication if it needs one. */
export async function call(method, path, body, more) {
  const answer = await send(method, path, body, more);
  if (!needsReauthentication(answer)) return answer;
  const done = await ask("Confirm that it is you", (close) => ways(answer.data.flows, close));
  if (!done) throw new Error("Nothing was changed: it was not confirmed.");
  return send(method, path, body, more);
}

function ways(flows, close) {
  const found = flows.flatMap((flow) => {
    if (flow.id === "reauthenticate") return [byPassword(close)];
    if (flow.id === "mfa_reauthenticate") return bySecondFactor(flow, close);
    if (flow.id === "reauthenticate_by_code") return [byCode(flow, close)];
    return [];
  });
  return found.length ? found : [h("p", {}, "This account has no way left to confirm it. Log out, and log in again.")];
}

/** Ends the dialog if the answer is a success; otherwise the form shows what is wrong. */
function finish(answer, close) {
  if (answer.status === 200) close(true);
  return answer;
}

const byPassword = (close) =>
  form([{ name: "password", required: true }], "Confirm with the password", async (values) =>
    finish(await send("POST", "auth/reauthenticate", values), close));

function bySecondFactor({ types = [] }, close) {
  const code = { name: "code", label: "Code of the app, or a recovery code", required: true };
  return [
    types.some((type) => type !== "webauthn") &&
      form([code], "Confirm with the code", async (values) => finish(await send("POST", "auth/2fa/reauthenticate", values), close)),
    types.includes("webauthn") && button("Confirm with a security key or passkey", () => byKey(close)),
  ];
}

async function byKey(close) {
  const { data } = await send("GET", "auth/webauthn/reauthenticate");
  const credential = await useCredential(data.request_options);
  announce(problem(finish(await send("POST", "auth/webauthn/reauthenticate", { credential }), close)));
}

function byCode({ recipients = [] }, close) {
  const place = h("div");
  const code = { name: "code", label: "Code from the message", required: true };
  const request = async (recipient) => {
    const answer = await send("POST", "auth/reauthenticate/code/request", recipient);
    if (answer.status !== 200) return announce(problem(answer));
    const again = button("Send another code", async () =>
      announce(problem(await send("POST", "auth/reauthenticate/code/resend")) || "Sent."));
    const confirm = form([code], "Confirm with the code", async (values) =>
      finish(await send("POST", "auth/reauthenticate/code/confirm", values), close));
    place.replaceChildren(confirm, again);
    return place.querySelector("input").focus();
  };
  return h("div", {}, ...recipients.map((to) => button(`Send a code to ${to.email ?? to.phone}`, () => request(to))), place);
}
