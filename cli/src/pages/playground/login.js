// Login by password or passkey, and the ways to the others.

import { announce, button, h, link, section } from "./elements.js";
import { isLoggedIn, send, session } from "./api.js";
import { fields, has } from "./description.js";
import { form, problem } from "./form.js";
import { proceed } from "./proceed.js";
import { providerButtons } from "./providers.js";
import { useCredential } from "./client/webauthn.js";

const KINDS = { email: "email address", username: "username", phone: "phone number" };

/** The page. */
export async function login() {
  if (isLoggedIn()) return [h("p", {}, `You are logged in as ${session.data.user.display}. `, link("/account", "Your account"))];
  const providers = await providerButtons("login");
  return [
    has("logIn") && byPassword(),
    h("ul", { class: "plain" },
      has("requestLoginCode") && h("li", {}, link("/account/login/code", "Log in with a code")),
      has("requestPasswordReset") && h("li", {}, link("/account/password/reset", "Reset the password")),
      (has("signUp") || has("signUpWithPasskey")) && h("li", {}, link("/account/signup", "Sign up"))),
    has("logInWithPasskey") && section("Passkey", button("Log in with a passkey", byPasskey)),
    providers,
  ];
}

function byPassword() {
  const [identifier, password] = [identifierOf(fields("logIn")), { name: "password", required: true }];
  return form([identifier, password], "Log in", async (values) => {
    const body = { ...identified(values, identifier.kinds), password: values.password };
    return proceed(await send("POST", "auth/login", body));
  });
}

async function byPasskey() {
  const { data } = await send("GET", "auth/webauthn/login");
  const credential = await useCredential(data.request_options);
  announce(problem(await proceed(await send("POST", "auth/webauthn/login", { credential }))));
}

/** One field for all that people can be known by. */
export function identifierOf(all) {
  const known = all.filter(({ name }) => name in KINDS);
  const kinds = known.map(({ name }) => name);
  if (known.length === 1) return { ...known[0], required: true, kinds };
  const label = kinds.map((kind) => KINDS[kind]).join(" or ");
  return { name: "identifier", label: label[0].toUpperCase() + label.slice(1), required: true, kinds };
}

/** The member that a value of that field is for. */
export function identified(values, kinds) {
  if (kinds.length === 1) return { [kinds[0]]: values[kinds[0]] };
  const value = values.identifier ?? "";
  const looks = value.includes("@") ? "email" : /^\+\d+$/.test(value) ? "phone" : "username";
  return { [kinds.includes(looks) ? looks : kinds[0]]: value };
}
