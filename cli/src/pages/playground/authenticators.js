// Second factors: an authenticator app, recovery codes, security keys and passkeys.

import { config } from "./configuration.js";
import { done, doneOrError } from "./done.js";
import { announce, button, confirm, copyButton, facts, h, section, when } from "./elements.js";
import { form, problem } from "./form.js";
import { qrCode } from "./qr.js";
import { call } from "./reauthenticate.js";
import { createCredential } from "./client/webauthn.js";

/** The page. */
export async function authenticators() {
  const { status, data = [] } = await call("GET", "account/authenticators");
  if (status !== 200) return [h("p", { role: "alert", class: "error" }, problem({ status }))];
  const of = (type) => data.filter((authenticator) => authenticator.type === type);
  const supports = (type) => config.mfa.supported_types.includes(type);
  return [
    (supports("totp") || of("totp").length > 0) && section("Authenticator app", ...app(of("totp")[0])),
    (supports("webauthn") || of("webauthn").length > 0) && section("Security keys and passkeys", ...keys(of("webauthn"), supports("webauthn"))),
    supports("recovery_codes") && section("Recovery codes", ...codes(of("recovery_codes")[0], data.length > 0)),
  ];
}

function app(active) {
  if (!active) {
    const place = h("div");
    return [place, button("Set up an app", async () => place.replaceChildren(...(await setUp())))];
  }
  return [
    facts({ Added: when(active.created_at), "Last used": when(active.last_used_at) }),
    button("Remove the app", async () => {
      const isSure = await confirm("Remove the app?", "Its codes are not accepted any more.", "Remove it");
      if (isSure) await doneOrError(await call("DELETE", "account/authenticators/totp"), "Removed.");
    }, { class: "bad" }),
  ];
}

async function setUp() {
  // A 404 with a new secret in `meta` says that there is no app yet.
  const answer = await call("GET", "account/authenticators/totp");
  if (answer.status !== 404) return [h("p", { role: "alert", class: "error" }, problem(answer))];
  const code = { name: "code", label: "Code that the app shows", required: true, options: { autocomplete: "one-time-code" } };
  return [
    h("p", {}, "Scan this with the app, or enter the secret by hand."),
    qrCode(answer.meta.totp_url, "QR code of the secret"),
    facts({ Secret: h("code", { id: "totp-secret" }, answer.meta.secret) }),
    form([code], "Activate", async (values) => done(await call("POST", "account/authenticators/totp", values), "The app is active.")),
  ];
}

function codes(active, hasFactor) {
  const place = h("div");
  const show = (answer) => {
    if (answer.status !== 200) return announce(problem(answer));
    const text = (answer.data.unused_codes ?? []).join("\n");
    return place.replaceChildren(h("pre", { id: "recovery-codes" }, text), copyButton("Copy the codes", text));
  };
  return [
    active && facts({ Unused: `${active.unused_code_count} of ${active.total_code_count}` }),
    place,
    h("p", { class: "row" },
      active && button("Show the codes", async () => show(await call("GET", "account/authenticators/recovery-codes"))),
      hasFactor
        ? button(active ? "Make new codes" : "Make codes", async () => show(await call("POST", "account/authenticators/recovery-codes")))
        : "They come with the first second factor."),
  ];
}

function keys(all, canAdd) {
  const asked = [
    { name: "name", label: "Name of the key" },
    config.mfa.passkey_login_enabled && { name: "passwordless", label: "A passkey: log in with it alone", schema: { type: "boolean" } },
  ].filter(Boolean);
  return [
    h("ul", { class: "cards" }, ...all.map(key)),
    canAdd && form(asked, "Add a key", async ({ name, passwordless }) => {
      // Without `passwordless` the key is a second factor only, and can never log in by itself.
      const options = await call("GET", "account/authenticators/webauthn", undefined, passwordless ? { query: { passwordless: "" } } : {});
      if (options.status !== 200) return options;
      const credential = await createCredential(options.data.creation_options);
      return done(await call("POST", "account/authenticators/webauthn", { name, credential }), "Added.");
    }),
  ];
}

function key({ id, name, is_passwordless: isPasskey, created_at: created, last_used_at: used }) {
  const rename = form([{ name: "name", label: `New name of ${name}`, required: true }], "Rename", async (values) =>
    done(await call("PUT", "account/authenticators/webauthn", { id, ...values }), "Renamed."));
  return h("li", {},
    h("b", {}, name), " ", h("span", { class: "dim" }, `${isPasskey ? "passkey" : "security key"}, added ${when(created)}, last used ${when(used)}`),
    h("details", {}, h("summary", { "aria-label": `Rename ${name}` }, "Rename"), rename),
    button("Remove", async () => doneOrError(await call("DELETE", "account/authenticators/webauthn", { authenticators: [id] }), "Removed."), { "aria-label": `Remove ${name}` }));
}
