// A client of @hey-api/openapi-ts.

import { createClient } from "./generated/hey-api/client/index.js";
import { listEmailAddresses, logOut, signUp, verifyEmail } from "./generated/hey-api/sdk.gen.js";
import { captcha, OWN, type Steps } from "./steps.js";

export function connect(baseUrl: string): Steps {
  let session: string | undefined;
  // It may be asked to show the session in three ways: an app has one.
  const client = createClient({ baseUrl, auth: ({ name }) => (name === "X-Session-Token" ? session : undefined) });
  const path = { client: "app" } as const;
  return {
    async signUp(email, password) {
      const { error } = await signUp({ client, path, headers: { "X-Captcha-Token": captcha() }, body: { email, password, ...OWN } });
      if (!error || typeof error === "string" || !("data" in error)) return undefined;
      session = error.meta.session_token;
      return error.data.flows.find((flow) => flow.is_pending)?.id;
    },
    async verify(key) {
      const { data } = await verifyEmail({ client, path, body: { key } });
      session = data?.meta.session_token ?? session;
      return data?.data.user.email;
    },
    async emailAddresses() {
      const { data } = await listEmailAddresses({ client, path });
      return data?.data.map(({ email }) => email);
    },
    async logOut() {
      const { response } = await logOut({ client, path });
      session = undefined;
      return response?.status ?? 0;
    },
  };
}
