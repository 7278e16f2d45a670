// Calls of the API, from another origin: with its cookies, and the CSRF token in a header.

import { csrfHeader, environment } from "./description.js";
import { record } from "./requests.js";

const url = (client, path) => `${environment.api}/_allauth/${client}/v1/${path}`;

/** The last answer that told whether somebody is logged in, and what can be done about it. */
export let session;

/**
 * Sends a request; resolves to the answer, with at least its `status`. A 401 is an answer like others: `data.flows`
 * says how to go on.
 */
export async function send(method, path, body, { headers = {}, client = "browser" } = {}) {
  const isBrowser = client === "browser";
  const request = { method, url: url(client, path), headers, body, client };
  const all = { ...headers };
  if (body !== undefined) all["content-type"] = "application/json";
  if (isBrowser && method !== "GET") all[csrfHeader] = await csrfToken();
  const response = await fetchOrExplain(request.url, {
    method,
    headers: all,
    credentials: isBrowser ? "include" : "omit",
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const answer = await read(response);
  record(request, { status: answer.status, body: JSON.stringify(answer, null, 2) });
  if (isBrowser) notice(answer);
  return answer;
}

/** Asks whether somebody is logged in. */
export const loadSession = () => send("GET", "auth/session");

/** The flow that waits to be completed, if there is one. */
export const pendingFlow = () => session?.data?.flows?.find((flow) => flow.is_pending);

/** Whether somebody is logged in. */
export const isLoggedIn = () => session?.status === 200;

/** Leaves for a provider: not a fetch but a form, as the browser itself goes there. */
export async function leave(provider, process) {
  const fields = { provider, process, callback_url: `${location.origin}/account/provider/callback` };
  const action = url("browser", "auth/provider/redirect");
  const token = await csrfToken();
  record({ method: "POST", url: action, form: fields }, { status: 302 });
  const form = Object.assign(document.createElement("form"), { method: "POST", action, hidden: true });
  for (const [name, value] of Object.entries({ ...fields, csrfmiddlewaretoken: token })) {
    form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
  }
  document.body.append(form);
  form.submit();
}

/** The CSRF token of the latest response that had one in its header (`CSRF_USE_SESSIONS`). */
let tokenOfHeader;

/** The CSRF token: of the cookie, or of a header. Any GET sets it. */
async function csrfToken() {
  const ofCookie = () => document.cookie.split("; ").find((pair) => pair.startsWith(`${environment.csrf_cookie}=`))?.split("=")[1];
  const find = () => (environment.csrf_use_sessions ? tokenOfHeader : ofCookie());
  if (!find()) await fetchOrExplain(url("browser", "config"), { credentials: "include" });
  const token = find();
  if (token) return token;
  throw new Error(
    `No page can read the cookie ${environment.csrf_cookie}, whose CSRF token every POST repeats. It is HttpOnly (CSRF_COOKIE_HTTPONLY), Secure without TLS (CSRF_COOKIE_SECURE), or of another domain (CSRF_COOKIE_DOMAIN). With CSRF_USE_SESSIONS the token is in a header instead.`,
  );
}

async function fetchOrExplain(target, options) {
  try {
    const response = await fetch(target, options);
    tokenOfHeader = response.headers.get(csrfHeader) ?? tokenOfHeader;
    return response;
  } catch {
    const trusted = environment.trusted_origins.join(", ");
    throw new Error(
      `The API at ${environment.api} does not answer. Either it has stopped, or CSRF_TRUSTED_ORIGINS (${trusted}) lacks ${location.origin}.`,
    );
  }
}

/** The body, if it is JSON: a forged request and an unknown path are answered with HTML. */
async function read(response) {
  const isJson = response.headers.get("content-type")?.includes("json");
  const body = isJson ? await response.json() : {};
  return { ...body, status: response.status };
}

function notice(answer) {
  const tells = (answer.status === 200 && answer.data?.user) || (answer.status === 401 && !answer.meta?.is_authenticated);
  if (answer.status === 410) session = { status: 401, data: { flows: [] } };
  else if (tells) session = answer;
  else return;
  document.dispatchEvent(new Event("session"));
}
