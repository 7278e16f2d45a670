// Where a login leads.

import { isLoggedIn, pendingFlow } from "./api.js";
import { go } from "./router.js";

/** Goes where an answer of a login leads: to the account, or to what is missing. Anything else is the caller's. */
export async function proceed(answer) {
  const isLogin = answer.status === 200 && answer.data?.user;
  const waits = answer.status === 401 && pendingFlow();
  if (isLogin && isLoggedIn()) await go(pendingFlow() ? "/account/pending" : "/account");
  else if (waits) await go("/account/pending");
  return answer;
}
