// Calls of the API, by its client: clients/typescript in the repository. They are listed beside the page, and what their
// answers tell of the session is kept.

import { pendingFlow as pendingFlowOf } from "./client/answers.js";
import { appClient as newAppClient } from "./client/app.js";
import { browserClient } from "./client/browser.js";
import { csrfHeader, environment } from "./description.js";
import { record } from "./requests.js";

const url = `${environment.api}/_allauth`;

/** The last answer that told whether somebody is logged in, and what can be done about it. */
export let session;

const browser = browserClient({
  url,
  csrfHeader,
  csrfCookie: environment.csrf_cookie,
  onAnswer(request, answer) {
    list("browser", request, answer);
    notice(answer);
  },
});

/** Sends a request of the browser; resolves to the answer. */
export const { send } = browser;

/** A client like an app's, with tokens that are kept until the page is left. */
export function appClient() {
  let tokens = {};
  const storage = { load: () => tokens, save: (latest) => (tokens = latest) };
  return { ...newAppClient({ url, storage, onAnswer: (request, answer) => list("app", request, answer) }), ...storage };
}

/** Asks whether somebody is logged in. */
export const loadSession = () => send("GET", "auth/session");

/** The flow that waits to be completed, if there is one. */
export const pendingFlow = () => session && pendingFlowOf(session);

/** Whether somebody is logged in. */
export const isLoggedIn = () => session?.status === 200;

/** Leaves for a provider. */
export function leave(provider, process) {
  const back = `${location.origin}/account/provider/callback`;
  record({ method: "POST", url: `${url}/browser/v1/auth/provider/redirect`, form: { provider, process, callback_url: back } }, { status: 302 });
  return browser.redirectToProvider(provider, process, back);
}

function list(client, request, answer) {
  record({ ...request, client }, { status: answer.status, body: JSON.stringify(answer, null, 2) });
}

function notice(answer) {
  // The user of a key, as of a link in a mail, is not logged in: only the session's own answers have is_authenticated.
  const isLoggedIn = answer.meta?.is_authenticated;
  const tells = (answer.status === 200 && isLoggedIn) || (answer.status === 401 && !isLoggedIn);
  if (answer.status === 410) session = { status: 401, data: { flows: [] } };
  else if (tells) session = answer;
  else return;
  document.dispatchEvent(new Event("session"));
}
