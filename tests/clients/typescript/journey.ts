// What an app does with a client that is generated from the description: it has to compile with the description of
// the deployment it calls, and what it is answered has to be what its types say.

import createClient, { type Middleware } from "openapi-fetch";
import type { paths } from "./generated/api.js";
import { captcha, OWN } from "./steps.js";

const params = { path: { client: "app" } } as const;

/** A client of the API: it shows the token of the session until somebody is logged in, and an access token from then on. */
export function connect(baseUrl: string) {
  const tokens: { session?: string | undefined; access?: string | undefined } = {};
  const authorization: Middleware = {
    onRequest({ request }) {
      if (tokens.access !== undefined) request.headers.set("authorization", `Bearer ${tokens.access}`);
      else if (tokens.session !== undefined) request.headers.set("x-session-token", tokens.session);
    },
  };
  const client = createClient<paths>({ baseUrl });
  client.use(authorization);
  const signUp = (email: string, password: string, token: string) =>
    client.POST("/_allauth/{client}/v1/auth/signup", {
      params: { ...params, header: { "X-Captcha-Token": token } },
      body: { email, password, ...OWN },
    });

  return {
    async config() {
      const { data } = await client.GET("/_allauth/{client}/v1/config", { params });
      return data?.data;
    },
    /** What is wrong with each field of a sign-up. */
    async refusedSignUp(email: string, password: string, token = captcha()) {
      const { error, response } = await signUp(email, password, token);
      if (typeof error !== "object" || !("errors" in error)) throw new Error(`${response.status}`);
      return error.errors.map(({ param, code }) => [param, code]);
    },
    /** Signs up: resolves to the step that is pending then. */
    async signUp(email: string, password: string) {
      const { error, response } = await signUp(email, password, captcha());
      if (typeof error !== "object" || !("data" in error)) throw new Error(`${response.status}`);
      tokens.session = error.meta.session_token;
      return error.data.flows.find((flow) => flow.is_pending)?.id;
    },
    async verify(key: string) {
      const { data } = await client.POST("/_allauth/{client}/v1/auth/email/verify", { params, body: { key } });
      tokens.access = data?.meta.access_token;
      return data;
    },
    /** What the account says of the fields of this deployment's own. */
    async own() {
      const { data } = await client.GET("/_allauth/{client}/v1/auth/session", { params });
      const user = data?.data.user;
      return { color: user?.color, nick: user?.nick, agreedTo: user?.terms?.version };
    },
    async emailAddresses() {
      const { data } = await client.GET("/_allauth/{client}/v1/account/email", { params });
      return data?.data.map(({ email, primary, verified }) => ({ email, primary, verified }));
    },
    async refresh(refresh_token: string) {
      const { data } = await client.POST("/_allauth/app/v1/tokens/refresh", { body: { refresh_token } });
      tokens.access = data?.data.access_token;
      return data?.data;
    },
    async logOut() {
      const { response } = await client.DELETE("/_allauth/{client}/v1/auth/session", { params });
      return response.status;
    },
    /** Never called: what must not compile. */
    mistakes() {
      // @ts-expect-error: there is no such client.
      void client.GET("/_allauth/{client}/v1/config", { params: { path: { client: "ap" } } });
      // @ts-expect-error: a password is a text.
      void client.POST("/_allauth/{client}/v1/auth/login", { params, body: { email: "", password: 1 } });
      // @ts-expect-error: this deployment has no passkeys.
      void client.GET("/_allauth/{client}/v1/auth/webauthn/login", { params });
      // @ts-expect-error: a nick is required.
      void client.POST("/_allauth/{client}/v1/auth/signup", { params, body: { email: "", password: "", terms: true } });
      // @ts-expect-error: there is no such color.
      void client.PATCH("/_allauth/{client}/v1/account/profile", { params, body: { color: "green" } });
      // @ts-expect-error: a code is not optional.
      void client.POST("/_allauth/{client}/v1/auth/email/verify", { params, body: {} });
    },
  };
}
