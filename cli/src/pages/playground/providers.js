// Providers: login and sign-up through them, and the accounts that are connected.

import { config } from "./configuration.js";
import { doneOrError } from "./done.js";
import { isLoggedIn, leave, loadSession, pendingFlow } from "./api.js";
import { button, h, link, section } from "./elements.js";
import { problem } from "./form.js";
import { call } from "./reauthenticate.js";
import { go } from "./router.js";

const REASONS = {
  cancelled: "It was cancelled at the provider.",
  denied: "The provider has denied it.",
  signup_closed: "Sign-up is closed.",
  permission_denied: "This is not permitted.",
  reauthentication_required: "Confirm first that it is you: log in again.",
};

/** A button for each provider of these settings. */
export function providerButtons(process) {
  const providers = config.socialaccount?.providers ?? [];
  if (providers.length === 0) return undefined;
  const label = process === "connect" ? "Connect" : "Continue with";
  return section(process === "connect" ? "Connect another" : "Other services",
    h("p", { class: "row" }, ...providers.map(({ id, name }) => button(`${label} ${name}`, () => leave(id, process)))));
}

/** The page that the browser comes back to, from a success as from a failure. */
export async function callback() {
  const query = new URLSearchParams(location.search);
  const error = query.get("error");
  const back = query.get("error_process") === "connect" ? link("/account/providers", "Connected accounts") : link("/account/login", "Log in");
  if (error) return [h("p", { role: "alert", class: "error" }, `${REASONS[error] ?? "The login at the provider has failed."} (${error})`), h("p", {}, back)];
  await loadSession();
  if (pendingFlow()) return go("/account/pending");
  return go(isLoggedIn() ? "/account" : "/account/login");
}

/** The page of the connected accounts. */
export async function connected() {
  const { status, data = [] } = await call("GET", "account/providers");
  if (status !== 200) return [h("p", { role: "alert", class: "error" }, problem({ status }))];
  return [
    data.length ? h("ul", { class: "cards" }, ...data.map(card)) : h("p", {}, "No account is connected."),
    providerButtons("connect"),
  ];
}

function card({ uid, display, provider }) {
  return h("li", {}, h("b", {}, provider.name), ` ${display} `,
    button("Disconnect", async () => doneOrError(await call("DELETE", "account/providers", { provider: provider.id, account: uid }), "Disconnected."), { "aria-label": `Disconnect ${provider.name} ${display}` }));
}
