// A request and its answer, whatever the kind of client.

/**
 * Sends a request; rejects if there is no answer.
 * @param {string} url
 * @param {RequestInit} options
 */
export async function fetchOrExplain(url, options) {
  try {
    return await fetch(url, options);
  } catch (cause) {
    // A browser does not tell a page which of the two it is.
    const lacks = typeof location === "object" ? `, or CSRF_TRUSTED_ORIGINS lacks ${location.origin}` : "";
    throw new Error(`${new URL(url, globalThis.location?.href).origin} does not answer: it cannot be reached${lacks}.`, { cause });
  }
}

/**
 * The body if it is JSON, and the status: a forged request and an unknown path are answered with HTML.
 * @param {Response} response
 * @returns {Promise<import("./types.js").AnyAnswer>}
 */
export async function read(response) {
  const isJson = response.headers.get("content-type")?.includes("json");
  const body = isJson ? await response.json() : {};
  return { ...body, status: response.status };
}

/**
 * The path of a request with its query.
 * @param {string} path
 * @param {Record<string, string>} [query]
 */
export const withQuery = (path, query) => (query ? `${path}?${new URLSearchParams(query)}` : path);
