// What a login or a sign-up still waits for. Each flow that can be pending has a function, by its id.

import { isLoggedIn, pendingFlow, send } from "./api.js";
import { config, withHelp } from "./configuration.js";
import { botCheck, elsewhere, environment, fields, supports } from "./description.js";
import { announce, button, facts, h, link, section } from "./elements.js";
import { form, problem } from "./form.js";
import { newPasswordForm } from "./reset.js";
import { proceed } from "./proceed.js";
import { go } from "./router.js";
import { createCredential, useCredential } from "./client/webauthn.js";

const FLOWS = {
  verify_email: verifyEmail,
  verify_phone: verifyPhone,
  login_by_code: loginByCode,
  password_reset_by_code: () => [h("p", {}, "Enter the code from the ", inbox(), "."), newPasswordForm({})],
  mfa_authenticate: secondFactor,
  mfa_trust: trust,
  mfa_signup_webauthn: firstPasskey,
  provider_signup: providerSignup,
};

/** The page. */
export async function pending() {
  const flow = pendingFlow();
  if (!flow) return [h("p", {}, "Nothing is pending. ", isLoggedIn() ? link("/account", "Your account") : link("/account/login", "Log in"))];
  const show = FLOWS[flow.id] ?? (() => [h("p", {}, `This frontend does not know the flow ${flow.id}.`)]);
  return [...(await show(flow)), h("p", {}, button("Start again", restart, { class: "quiet" }))];
}

async function restart() {
  await send("DELETE", "auth/session");
  await go("/account/login");
}

const inbox = () => h("a", { href: environment.inbox, target: "_blank" }, "inbox");

/** A field for a code, and a button that sends another one. */
function byCode(operation, path, member, resend) {
  const field = { name: member, label: "Code", required: true, options: { autocomplete: "one-time-code" } };
  return [
    h("p", {}, "A code was sent: it is in the ", inbox(), "."),
    form([field], "Continue", async (values) => proceed(await send("POST", path, values))),
    supports(operation) && again(operation, resend),
  ];
}

/** What sends another code. */
function again(operation, path) {
  const label = "Send another code";
  const post = async (more) => {
    const answer = await send("POST", path, undefined, more);
    announce(problem(answer) || "Sent.");
    return answer;
  };
  const check = botCheck(operation);
  return check.length ? form(check, label, (_, more) => post(more)) : h("p", {}, button(label, () => post()));
}

/** A form that corrects what a code was sent to, where these settings allow it. */
function correction(title, operation, path) {
  if (!supports(operation)) return undefined;
  return section(title, form([...fields(operation), ...botCheck(operation)], "Change it", async (values, more) => {
    const answer = await send("POST", path, values, more);
    if (answer.status < 300) announce("Changed: a code was sent there.");
    return answer;
  }));
}

function verifyEmail() {
  const { email_verification_by_code_enabled: isByCode } = config.account;
  if (!isByCode) {
    const other = elsewhere("account_confirm_email");
    return [
      h("p", {}, "A mail with a link is in the ", inbox(), ". Follow it to verify the email address."),
      other && h("p", {}, `It leads to ${other} (HEADLESS_FRONTEND_URLS, FRONTEND_URL), not here.`),
    ];
  }
  return [
    ...byCode("resendEmailVerification", "auth/email/verify", "key", "auth/email/verify/resend"),
    correction("Another email address", "addEmailAddress", "account/email"),
  ];
}

function verifyPhone() {
  return [
    ...byCode("resendPhoneVerification", "auth/phone/verify", "code", "auth/phone/verify/resend"),
    correction("Another phone number", "changePhoneNumber", "account/phone"),
  ];
}

function loginByCode() {
  return byCode("resendLoginCode", "auth/code/confirm", "code", "auth/code/resend");
}

function secondFactor({ types = [] }) {
  const field = { name: "code", label: "Code of the app, or a recovery code", required: true, options: { autocomplete: "one-time-code" } };
  return [
    types.some((type) => type !== "webauthn") &&
      form([field], "Continue", async (values) => proceed(await send("POST", "auth/2fa/authenticate", values))),
    types.includes("webauthn") && h("p", {}, button("Use a security key or passkey", useKey)),
  ];
}

async function useKey() {
  const { data } = await send("GET", "auth/webauthn/authenticate");
  const credential = await useCredential(data.request_options);
  announce(problem(await proceed(await send("POST", "auth/webauthn/authenticate", { credential }))));
}

function trust() {
  const answer = async (trust) => announce(problem(await proceed(await send("POST", "auth/2fa/trust", { trust }))));
  return [
    h("p", {}, "Is this browser yours? Then it is not asked for a second factor again for a while."),
    h("p", { class: "row" }, button("Trust this browser", () => answer(true), { class: "main" }), button("Not now", () => answer(false))),
  ];
}

function firstPasskey() {
  const name = { name: "name", label: "Name of the passkey" };
  return [form([name], "Create the passkey", async ({ name }) => {
    const { data } = await send("GET", "auth/webauthn/signup");
    const credential = await createCredential(data.creation_options);
    return proceed(await send("PUT", "auth/webauthn/signup", { name, credential }));
  })];
}

async function providerSignup(flow) {
  const { data } = await send("GET", "auth/provider/signup");
  const email = data?.email?.[0]?.email;
  const told = { ...data?.user, email };
  const known = withHelp(fields("signUpWithProvider")).map((field) => ({ ...field, value: told[field.name] }));
  return [
    facts({ Provider: flow.provider?.name, "Account there": data?.account?.display }),
    form([...known, ...botCheck("signUpWithProvider")], "Sign up", async (values, more) =>
      proceed(await send("POST", "auth/provider/signup", values, more))),
  ];
}
