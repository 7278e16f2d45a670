// Forms: fields with their labels, and the errors of an answer beside the fields that they name.

import { busy, h } from "./elements.js";

const LABELS = {
  email: "Email address",
  email2: "Email address, again",
  phone: "Phone number",
  name: "Name",
  new_password: "New password",
  current_password: "Current password",
};
const HINTS = { phone: "With the country, such as +31612345678" };
const AUTOCOMPLETE = {
  email: "email",
  username: "username",
  phone: "tel",
  password: "current-password",
  current_password: "current-password",
  new_password: "new-password",
  code: "one-time-code",
};
let forms = 0;

/**
 * A form of these fields (`description.js`). `submit` gets the values, and the headers that some of them are; it resolves
 * to an answer, whose errors are shown. Fields that are left empty are not sent, unless that empties what was there
 * (`sendsEmpty`).
 */
export function form(fields, label, submit, { sendsEmpty = false } = {}) {
  forms += 1;
  const controls = fields.map((field) => control(field, `form-${forms}-${field.name}`));
  const alert = h("p", { role: "alert", class: "error" });
  const send = h("button", { class: "main" }, label);
  const made = h("form", { novalidate: true }, alert, ...controls.map(({ row }) => row), send);
  made.addEventListener("submit", (event) => {
    event.preventDefault();
    busy(send, async () => {
      clear(alert, controls);
      try {
        show(await submit(values(controls, sendsEmpty), { headers: headers(controls) }), alert, controls);
      } catch (error) {
        alert.textContent = error.message;
      }
    });
  });
  return made;
}

/** What went wrong, in words; empty if nothing did. */
export function problem(answer) {
  if (!answer || answer.status < 400) return "";
  if (answer.errors?.length) return answer.errors.map((error) => error.message).join(" ");
  return {
    400: "The API cannot read this.",
    403: "The API refuses this: the request looks forged, or is not allowed now.",
    404: "There is no such thing.",
    409: "This is not possible now: somebody is logged in already, or the step before has expired or was never taken.",
    410: "The session has ended. Start again.",
    429: "Too many attempts. Wait a while.",
    503: "The API is not available for a moment. Nothing was changed: try again.",
  }[answer.status] ?? "";
}

function control({ name, schema = {}, required, value, label, hint, options = {}, isHeader, token }, id) {
  const help = hint ?? HINTS[name];
  const type = typeOf(name, schema);
  const isCheckbox = type === "checkbox";
  const [hintId, errorId] = [`${id}-hint`, `${id}-error`];
  const described = { id, name, required, "aria-describedby": help ? `${hintId} ${errorId}` : errorId, ...options };
  const isJson = schema.contentMediaType === "application/json";
  const input = schema.enum ? choice(schema.enum, value, described) : isJson ? h("textarea", { rows: 6, spellcheck: "false", ...described }, value) : h("input", {
    type,
    value: isCheckbox ? undefined : value,
    checked: isCheckbox && Boolean(value),
    maxlength: schema.maxLength,
    inputmode: types(schema).includes("integer") && "numeric",
    autocomplete: AUTOCOMPLETE[name] ?? "off",
    ...described,
  });
  const error = h("span", { id: errorId, class: "error" });
  const text = h("label", { for: id }, label ?? LABELS[name] ?? words(name), !required && !isCheckbox && h("small", {}, " optional"));
  const hintText = help && h("span", { id: hintId, class: "dim" }, help);
  const row = h("div", { class: isCheckbox ? "field check" : "field" }, isCheckbox ? [input, text] : [text, input], hintText, error);
  return { name, input, error, row, isHeader, token };
}

/** A choice; nothing is chosen unless something was. */
function choice(values, chosen, properties) {
  const made = values.filter((value) => value !== null).map((value) => h("option", { value, selected: value === chosen }, value));
  return h("select", properties, h("option", { value: "" }, ""), ...made);
}

/** The types of a schema, such as `["string", "null"]`. */
const types = ({ type }) => [type].flat();

function typeOf(name, schema) {
  if (types(schema).includes("boolean")) return "checkbox";
  const { format } = schema;
  if (format === "email" || format === "date") return format;
  if (name.includes("password")) return "password";
  return name === "phone" ? "tel" : "text";
}

/** A name in words. */
export const words = (name) => name[0].toUpperCase() + name.slice(1).replaceAll("_", " ");

/** What was entered. */
function values(controls, sendsEmpty) {
  const members = controls.filter(({ isHeader }) => !isHeader);
  const all = members.map(({ name, input }) => [name, input.type === "checkbox" ? input.checked : entered(input)]);
  return Object.fromEntries(all.filter(([, value]) => sendsEmpty || value !== ""));
}

/** The fields that are headers; a box that is checked has a token, a new one each time. */
function headers(controls) {
  const these = controls.filter(({ isHeader }) => isHeader);
  const all = these.map(({ name, input, token }) => [name, token ? input.checked && token() : entered(input)]);
  return Object.fromEntries(all.filter(([, value]) => value));
}

/** Blanks around a value are an accident, but in a password they count. */
const entered = (input) => (input.type === "password" ? input.value : input.value.trim());

function clear(alert, controls) {
  alert.textContent = "";
  for (const { input, error } of controls) {
    error.textContent = "";
    input.removeAttribute("aria-invalid");
  }
}

function show(answer, alert, controls) {
  const general = [];
  for (const { param, message } of answer?.errors ?? []) {
    const wrong = controls.find(({ name }) => name === param);
    if (!wrong) {
      general.push(message);
      continue;
    }
    wrong.error.textContent = message;
    wrong.input.setAttribute("aria-invalid", "true");
  }
  alert.textContent = general.join(" ") || (answer?.errors?.length ? "" : problem(answer));
  controls.find(({ input }) => input.getAttribute("aria-invalid"))?.input.focus();
}
