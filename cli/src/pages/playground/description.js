// What this stack is like: where the API is, and its OpenAPI description, pruned to its settings.
//
// A frontend of your own knows its fields when it is built. This one reads them, so that it fits any settings.

export const environment = await (await fetch("/environment.json")).json();

const { paths, components } = environment.description;
const operations = new Map();
for (const methods of Object.values(paths)) {
  for (const operation of Object.values(methods)) {
    if (operation.operationId) operations.set(operation.operationId, operation);
  }
}

/** Whether these settings leave an operation. */
export const has = (id) => operations.has(id);

/** Whether the API serves a kind of client: `browser` or `app`. */
export const serves = (client) =>
  Object.keys(paths).some((path) => path.startsWith(`/_allauth/{client}/`) || path.startsWith(`/_allauth/${client}/v1/auth/s`));

/** Where links in mails lead, if it is not here; none otherwise. `page` is its name in HEADLESS_FRONTEND_URLS. */
export function elsewhere(page) {
  const { origin } = new URL(environment.pages[page]);
  return origin === location.origin ? undefined : origin;
}

/** The header that repeats the CSRF token. */
export const csrfHeader = components.securitySchemes?.CSRFToken?.name ?? "X-CSRFToken";

/** The fields of an operation's body: names, schemas, and whether they are required. */
export function fields(id) {
  const content = operations.get(id)?.requestBody?.content ?? {};
  return members(Object.values(content)[0]?.schema ?? {});
}

const CAPTCHA_TOKEN = "X-Captcha-Token";

/**
 * The field for the bot check (CAPTCHA_PROVIDER), where people who are not logged in must pass one. A frontend of your own
 * has the widget of Turnstile or hCaptcha in its place; the local stack stands in for these, unless it has a secret key.
 */
export function botCheck(id) {
  const isChecked = operations.get(id)?.parameters?.some(({ name }) => name === CAPTCHA_TOKEN);
  if (!isChecked) return [];
  const field = { name: CAPTCHA_TOKEN, isHeader: true, required: true };
  if (!environment.captcha_stand_in) return [{ ...field, label: "Token of the bot check", hint: "From the widget on a page of your own" }];
  const token = () => `stand-in:${location.hostname}:${crypto.randomUUID()}`;
  return [{ ...field, label: "I am a person (stand-in for the bot check)", schema: { type: "boolean" }, token }];
}

/** Whether somebody may do this while a verification or a login by code is pending. */
export const supports = (id) => environment.supports.includes(id);

function members(schema) {
  const whole = resolved(schema);
  if (whole.allOf) return whole.allOf.flatMap(members);
  return Object.entries(whole.properties ?? {}).map(([name, property]) => ({
    name,
    required: (whole.required ?? []).includes(name),
    schema: { ...resolved(property), ...property },
  }));
}

function resolved(schema) {
  const name = schema.$ref?.split("/").at(-1);
  return name ? components.schemas[name] : schema;
}
