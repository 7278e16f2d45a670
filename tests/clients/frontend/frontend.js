// What every frontend needs: calls of the API with its cookies, the two ceremonies of
// WebAuthn, and the form that leads to another service.

const base = `${new URLSearchParams(location.search).get("api")}/_allauth/browser/v1/`;

const cookie = (name) => document.cookie.match(`(?:^|; )${name}=([^;]*)`)?.[1];

/** Calls the API: resolves to the body of its answer. */
async function api(method, path, body) {
  if (!cookie("csrftoken")) await fetch(`${base}config`, { credentials: "include" });
  const headers = { "content-type": "application/json", "x-csrftoken": cookie("csrftoken") };
  const request = { method, headers, credentials: "include" };
  const response = await fetch(base + path, body ? { ...request, body: JSON.stringify(body) } : request);
  return response.json();
}

/** Makes a key, with what `creation_options` says. */
async function createKey(options) {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options.publicKey);
  return (await navigator.credentials.create({ publicKey })).toJSON();
}

/** Uses a key, with what `request_options` says. */
async function useKey(options) {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options.publicKey);
  return (await navigator.credentials.get({ publicKey })).toJSON();
}

/** Leaves for another service, to come back to this page. */
async function leave(provider, process) {
  await api("GET", "config");
  const form = document.createElement("form");
  form.method = "POST";
  form.action = `${base}auth/provider/redirect`;
  const page = new URL(location);
  for (const said of ["error", "error_process"]) page.searchParams.delete(said);
  const fields = { provider, process, callback_url: page.href, csrfmiddlewaretoken: cookie("csrftoken") };
  for (const [name, value] of Object.entries(fields)) {
    form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
  }
  document.body.append(form);
  form.submit();
}

window.frontend = { api, createKey, useKey, leave };
