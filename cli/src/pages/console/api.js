// Requests for operations, which the console passes on. Its token came in the fragment of the link, and stays in memory.

const IDLE_MS = 30 * 60 * 1000;

let token = "";
let onEnd = () => {};
let idle;

/** Takes the token out of the URL, if there is one, and tells whether there was; `ended` is called when it is worth no more. */
export function takeToken(ended) {
  onEnd = ended;
  const given = location.hash.slice(1);
  if (!/^[\w-]{43}$/.test(given)) return false;
  token = given;
  history.replaceState(null, "", "#/");
  return true;
}

/** Whether there is a token. */
export const hasToken = () => token !== "";

/** Asks for an operation; resolves to `{ status, data }` or `{ status, errors }`. */
export async function request(operation, values = {}) {
  clearTimeout(idle);
  idle = setTimeout(() => end("The console was idle for 30 minutes, so its link has expired."), IDLE_MS);
  const headers = { "content-type": "application/json", "x-console-token": token };
  let response;
  try {
    response = await fetch(`/api/${operation}`, { method: "POST", headers, body: JSON.stringify(values) });
  } catch {
    return { status: 0, errors: [{ message: "The console does not answer: it has ended, or the machine is asleep." }] };
  }
  const body = await response.json().catch(() => ({}));
  const { data, errors = [{ message: `The console answered with status ${response.status}.` }] } = body;
  if (response.status === 401) {
    end(errors[0].message);
    // Nothing comes after the end.
    await new Promise(() => {});
  }
  return response.ok ? { status: response.status, data } : { status: response.status, errors };
}

/** Forgets the token, and what was shown of accounts. */
function end(reason) {
  clearTimeout(idle);
  token = "";
  onEnd(reason);
}
