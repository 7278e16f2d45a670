// Tokens: what an app has in place of cookies, and the access token that other APIs verify.

import { appClient } from "./api.js";
import { fields } from "./description.js";
import { button, copyButton, facts, h, section } from "./elements.js";
import { form, problem } from "./form.js";
import { identified, identifierOf } from "./login.js";

/** The page. */
export async function tokens() {
  const place = h("div");
  const identifier = identifierOf(fields("logIn"));
  const login = form([identifier, { name: "password", required: true }], "Log in as an app", async (values) => {
    const body = { ...identified(values, identifier.kinds), password: values.password };
    const app = appClient();
    const answer = await app.send("POST", "auth/login", body);
    if (answer.meta?.session_token) place.replaceChildren(...held(app, answer));
    return answer;
  });
  return [h("p", {}, "An app sends a session token in a header. With HEADLESS_TOKEN_STRATEGY=jwt it also gets an access token for other APIs."), login, place];
}

function held(app, { status, data, meta }) {
  const pending = data?.flows?.find((flow) => flow.is_pending)?.id;
  const place = h("div");
  const show = (answer) => place.replaceChildren(h("pre", {}, JSON.stringify(answer, null, 2)));
  const ask = async () => show(await app.send("GET", "auth/session"));
  const refresh = async () => show(await app.send("POST", "tokens/refresh", { refresh_token: app.load().refresh }));
  return [section("Tokens",
    facts({
      "Logged in": status === 200 ? "yes" : `not yet: ${pending ?? problem({ status })}`,
      "Session token": h("code", {}, meta.session_token),
      "Access token": meta.access_token && h("code", { id: "access-token" }, meta.access_token),
      "It says": meta.access_token && h("code", {}, claims(meta.access_token)),
    }),
    h("p", { class: "row" },
      button("Ask who this is", ask),
      meta.refresh_token && button("Get a new access token", refresh),
      meta.access_token && copyButton("Copy the access token", meta.access_token)),
    place)];
}

/** The claims of a token, to read. Whoever relies on them verifies the signature first. */
const claims = (token) => atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"));
