// How the owner of an account logs in: password, second factors and accounts at providers.

import { nameOf } from "./accounts.js";
import { change, changeButton } from "./change.js";
import { h, when } from "./elements.js";
import { form } from "./form.js";
import { details } from "./identity.js";

const KINDS = { totp: "Authenticator app", webauthn: "Security key or passkey", recovery_codes: "Recovery codes" };

/** The password: whether there is one. */
export function password(user) {
  const { id, password: algorithm } = user;
  const who = nameOf(user);
  const set = (values) => change("user.password", { id, password: values.password, any_password: values.any_password },
    { who, title: "Set the password?", text: "The password before no longer logs in, and all sessions end.", label: "Set" });
  const fields = [
    { name: "password", label: "New password", schema: {}, required: true, options: { autocomplete: "new-password" } },
    { name: "any_password", label: "Also one that the password rules refuse", schema: { type: "boolean" } },
  ];
  return [
    h("p", {}, algorithm ? `Set; its hash is ${algorithm}.` : "None."),
    algorithm && changeButton("Remove the password", "user.password", { id, clear: true },
      { who, title: "Remove the password?", text: "No password logs in until the owner sets one. All sessions end." }, { class: "bad" }),
    details("Set a password", form(fields, "Set…", set)),
  ];
}

/** The second factors. */
export function factors(user) {
  const { id, authenticators } = user;
  const who = nameOf(user);
  const remove = { who, title: "Remove this second factor?", text: "Do this only for an owner who has lost it and has shown you who they are. All sessions end, and no browser is trusted any more." };
  if (authenticators.length === 0) return [h("p", {}, "None.")];
  return [
    h("ul", { class: "cards" }, ...authenticators.map((one) => h("li", {},
      h("b", {}, KINDS[one.type] ?? one.type), one.name && ` ${one.name}`,
      h("p", { class: "dim" }, `since ${when(one.created_at)}, last used ${when(one.last_used_at)}${one.unused_codes === null ? "" : `, ${one.unused_codes} codes are unused`}`),
      changeButton("Remove", "user.mfa_reset", { id, authenticator: one.id }, remove, { name: one.name || KINDS[one.type], class: "bad" })))),
    changeButton("Remove all second factors", "user.mfa_reset", { id }, { ...remove, title: "Remove all second factors?" }, { class: "bad" }),
  ];
}

/** The accounts at providers. */
export function providers(user) {
  const { id, social_accounts: connected } = user;
  if (connected.length === 0) return [h("p", {}, "None.")];
  return [h("ul", { class: "cards" }, ...connected.map(({ provider, uid, display, connected_at: at }) => h("li", {},
    h("b", {}, provider), " ", display,
    h("p", { class: "dim" }, h("code", {}, uid), ` since ${when(at)}`),
    changeButton("Disconnect", "user.disconnect", { id, provider, uid },
      { who: nameOf(user), title: `Disconnect ${provider}?`, text: `The account ${uid} there no longer logs in to this one.` }, { name: `${provider} ${uid}`, class: "bad" }))))];
}
