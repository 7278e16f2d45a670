// An app's client: the session is a token that the app keeps, and access tokens for other APIs are refreshed in time.

import { fetchOrExplain, read, withQuery } from "./transport.js";

/** How long an access token must still be good to be given out, in seconds. */
const LEEWAY = 10;

/**
 * @template {import("./types.js").AnyOperations} [O=import("./api.js").Operations]
 * @param {import("./types.js").AppOptions} options
 * @returns {import("./types.js").AppClient<O>}
 */
export function appClient({ url, storage, onAnswer }) {
  const base = `${url}/app/v1/`;
  /**
   * A refresh that is under way.
   * @type {Promise<string | undefined> | undefined}
   */
  let refreshing;

  /**
   * @param {string} method
   * @param {string} path
   * @param {unknown} [body]
   * @param {{query?: Record<string, string>, headers?: Record<string, string>}} [more]
   */
  async function send(method, path, body, { query, headers: own = {} } = {}) {
    const target = base + withQuery(path, query);
    const { session } = await storage.load();
    const sent = session === undefined ? own : { ...own, "X-Session-Token": session };
    const headers = body === undefined ? sent : { ...sent, "content-type": "application/json" };
    const options = { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) };
    const answer = await read(await fetchOrExplain(target, { ...options, credentials: "omit" }));
    await keep(`${method} ${path}`, answer, session);
    onAnswer?.({ method, url: target, headers: sent, body }, answer);
    return answer;
  }

  /**
   * Keeps the tokens of an answer, or drops those that it ends.
   * @param {string} operation
   * @param {import("./types.js").AnyAnswer} answer
   * @param {string | undefined} sent The session token of the request.
   */
  async function keep(operation, { status, data, meta }, sent) {
    const isEnd = status === 410 || (status === 401 && operation === "DELETE auth/session");
    const issued = /** @type {Record<string, string> | undefined} */ (
      operation === "POST tokens/refresh" ? data : meta
    );
    const { session_token: session, access_token: access, refresh_token: refresh } = issued ?? {};
    const tokens = await storage.load();
    if (isEnd) {
      // A later login may have brought others meanwhile.
      if (tokens.session === sent) await storage.save({});
    } else if (session || access) {
      await storage.save({ ...tokens, ...(session && { session }), ...(access && { access }), ...(refresh && { refresh }) });
    }
  }

  /** @param {string} token */
  async function refresh(token) {
    const { status } = await send("POST", "tokens/refresh", { refresh_token: token });
    const tokens = await storage.load();
    if (status === 200) return tokens.access;
    if (status !== 400 && status !== 410) throw new Error(`The access token could not be refreshed (${status}): try again.`);
    // The session has ended.
    if (tokens.refresh === token) await storage.save({});
    return undefined;
  }

  return {
    send: /** @type {import("./types.js").Send<O>} */ (send),
    async accessToken() {
      const { access, refresh: token } = await storage.load();
      if (access && expiry(access) > Date.now() / 1000 + LEEWAY) return access;
      if (!token) return undefined;
      // A refresh token is single-use: calls meanwhile wait for the same answer.
      refreshing ??= refresh(token).finally(() => (refreshing = undefined));
      return refreshing;
    },
  };
}

/**
 * When an access token expires, as a Unix timestamp.
 * @param {string} token
 */
function expiry(token) {
  const claims = token.split(".")[1] ?? "";
  return JSON.parse(atob(claims.replaceAll("-", "+").replaceAll("_", "/"))).exp;
}
