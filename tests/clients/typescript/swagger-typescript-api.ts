// A client of swagger-typescript-api.

import { Api } from "./generated/swagger-typescript-api.js";
import type { AuthenticationResponse } from "./generated/swagger-typescript-api.js";
import { captcha, OWN, type Steps } from "./steps.js";

export function connect(baseUrl: string): Steps {
  const { allauth, setSecurityData } = new Api<string>({
    baseUrl,
    securityWorker: (session) => (session ? { headers: { "X-Session-Token": session } } : {}),
  });
  /** It rejects with every answer that is no success. */
  const refused = (answer: { status: number }) => answer;
  return {
    async signUp(email, password) {
      const answer = await allauth.signUp("app", { email, password, ...OWN }, { headers: { "X-Captcha-Token": captcha() } }).catch(refused);
      if (answer.status !== 401) return undefined;
      const { data, meta } = (answer as { error: unknown }).error as AuthenticationResponse;
      setSecurityData(meta.session_token ?? null);
      return data.flows.find((flow) => flow.is_pending)?.id;
    },
    async verify(key) {
      const { data } = await allauth.verifyEmail("app", { key });
      if (data.meta.session_token) setSecurityData(data.meta.session_token);
      return data.data.user.email;
    },
    async emailAddresses() {
      const answer = await allauth.listEmailAddresses("app").catch(refused);
      return "data" in answer && answer.status === 200 ? answer.data.data.map(({ email }) => email) : undefined;
    },
    async logOut() {
      const { status } = await allauth.logOut("app").catch(refused);
      setSecurityData(null);
      return status;
    },
  };
}
