// A request as curl. Cookies are in a file `jar`, which plays the browser's part.

import { csrfHeader, environment } from "./description.js";

const config = `curl -s -b jar -c jar '${environment.api}/_allauth/browser/v1/config'`;

/** The CSRF token: of the cookie, or of a header (`CSRF_USE_SESSIONS`). */
const token = environment.csrf_use_sessions
  ? `$(${config} -D - -o /dev/null | tr -d '\\r' | awk 'tolower($1) == "${csrfHeader.toLowerCase()}:" {print $2}')`
  : `$(awk '$6 == "${environment.csrf_cookie}" {print $7}' jar)`;

/** The first request of a script: it gets the cookie with the CSRF token. */
export const opening = `${config} > /dev/null`;

/** One request. */
export function curl({ method, url, headers = {}, body, form, client }) {
  const words = ["curl -s"];
  if (client !== "app") words.push("-b jar -c jar");
  if (method !== "GET") words.push(`-X ${method}`);
  words.push(quoted(url));
  if (client !== "app" && method !== "GET") {
    words.push(`-H 'Origin: ${location.origin}'`);
    if (!form) words.push(`-H "${csrfHeader}: ${token}"`);
  }
  for (const [name, value] of Object.entries(headers)) words.push(`-H ${quoted(`${name}: ${value}`)}`);
  if (form) {
    for (const [name, value] of Object.entries(form)) words.push(`--data-urlencode ${quoted(`${name}=${value}`)}`);
    words.push(`--data-urlencode "csrfmiddlewaretoken=${token}"`);
  }
  if (body !== undefined) words.push(`-H 'Content-Type: application/json'`, `-d ${quoted(JSON.stringify(body))}`);
  return words.join(" \\\n  ");
}

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
