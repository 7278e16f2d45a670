// A browser's client: the session is in cookies, and requests that change something repeat the CSRF token in a header.

import { fetchOrExplain, read, withQuery } from "./transport.js";

/**
 * @template {import("./types.js").AnyOperations} [O=import("./api.js").Operations]
 * @param {import("./types.js").BrowserOptions} [options]
 * @returns {import("./types.js").BrowserClient<O>}
 */
export function browserClient({ url = "/_allauth", csrfCookie = "csrftoken", csrfHeader = "X-CSRFToken", onAnswer } = {}) {
  const base = `${url}/browser/v1/`;
  /**
   * The token of the latest response that had it in a header (CSRF_USE_SESSIONS).
   * @type {string | undefined}
   */
  let tokenOfHeader;

  /** @param {string} target @param {RequestInit} [options] */
  async function request(target, options) {
    const response = await fetchOrExplain(target, { ...options, credentials: "include" });
    tokenOfHeader = response.headers.get(csrfHeader) ?? tokenOfHeader;
    return response;
  }

  /** The CSRF token. Any GET sets it. */
  async function csrfToken() {
    const find = () => tokenOfHeader ?? cookie(csrfCookie);
    if (!find()) await request(`${base}config`);
    const token = find();
    if (token) return token;
    throw new Error(
      `No page can read the cookie ${csrfCookie}, whose CSRF token every POST repeats. It is HttpOnly (CSRF_COOKIE_HTTPONLY), Secure without TLS (CSRF_COOKIE_SECURE), or of another domain (CSRF_COOKIE_DOMAIN). With CSRF_USE_SESSIONS the token is in a header instead.`,
    );
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {unknown} [body]
   * @param {{query?: Record<string, string>, headers?: Record<string, string>}} [more]
   */
  async function send(method, path, body, { query, headers: own = {} } = {}) {
    const target = base + withQuery(path, query);
    const headers = { ...own };
    if (body !== undefined) headers["content-type"] = "application/json";
    if (method !== "GET") headers[csrfHeader] = await csrfToken();
    const answer = await read(await request(target, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) }));
    onAnswer?.({ method, url: target, headers: own, body }, answer);
    return answer;
  }

  return {
    send: /** @type {import("./types.js").Send<O>} */ (send),
    async redirectToProvider(provider, process, callbackUrl) {
      // Not a fetch but a form, as the browser itself goes there.
      const action = `${base}auth/provider/redirect`;
      const fields = { provider, process, callback_url: callbackUrl, csrfmiddlewaretoken: await csrfToken() };
      const form = Object.assign(document.createElement("form"), { method: "POST", action, hidden: true });
      for (const [name, value] of Object.entries(fields)) {
        form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
      }
      document.body.append(form);
      form.submit();
    },
  };
}

/** @param {string} name */
function cookie(name) {
  const pair = document.cookie.split("; ").find((each) => each.startsWith(`${name}=`));
  return pair?.slice(name.length + 1);
}
