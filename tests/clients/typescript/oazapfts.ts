// A client of oazapfts.

import { defaults, listEmailAddresses, logOut, signUp, verifyEmail } from "./generated/oazapfts.js";
import { captcha, OWN, type Steps } from "./steps.js";

export function connect(baseUrl: string): Steps {
  let session: string | undefined;
  defaults.baseUrl = baseUrl;
  const shown = () => (session === undefined ? {} : { headers: { "X-Session-Token": session } });
  return {
    async signUp(email, password) {
      const answer = await signUp("app", { email, password, ...OWN }, { xCaptchaToken: captcha() }, shown());
      if (answer.status !== 401) return undefined;
      session = answer.data.meta.session_token;
      return answer.data.data.flows.find((flow) => flow.is_pending)?.id;
    },
    async verify(key) {
      const answer = await verifyEmail("app", { key }, shown());
      if (answer.status !== 200) return undefined;
      session = answer.data.meta.session_token ?? session;
      return answer.data.data.user.email;
    },
    async emailAddresses() {
      const answer = await listEmailAddresses("app", shown());
      return answer.status === 200 ? answer.data.data.map(({ email }) => email) : undefined;
    },
    async logOut() {
      const { status } = await logOut("app", shown());
      session = undefined;
      return status;
    },
  };
}
