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
 * A form of these fields (`description.js`). `submit` gets the values, and resolves to an answer; if it has errors, they
 * are shown.
 */
export function form(fields, label, submit) {
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
        show(await submit(values(controls)), alert, controls);
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

function control({ name, schema = {}, required, value, label, hint, options = {} }, id) {
  const help = hint ?? HINTS[name];
  const isCheckbox = schema.type === "boolean";
  const [hintId, errorId] = [`${id}-hint`, `${id}-error`];
  const input = h("input", {
    id,
    name,
    type: typeOf(name, schema),
    value,
    required,
    maxlength: schema.maxLength,
    autocomplete: AUTOCOMPLETE[name] ?? "off",
    "aria-describedby": help ? `${hintId} ${errorId}` : errorId,
    ...options,
  });
  const error = h("span", { id: errorId, class: "error" });
  const text = h("label", { for: id }, label ?? LABELS[name] ?? words(name), !required && !isCheckbox && h("small", {}, " optional"));
  const hintText = help && h("span", { id: hintId, class: "dim" }, help);
  const row = h("div", { class: isCheckbox ? "field check" : "field" }, isCheckbox ? [input, text] : [text, input], hintText, error);
  return { name, input, error, row };
}

function typeOf(name, { type, format }) {
  if (type === "boolean") return "checkbox";
  if (format === "email") return "email";
  if (name.includes("password")) return "password";
  return name === "phone" ? "tel" : "text";
}

const words = (name) => name[0].toUpperCase() + name.slice(1).replaceAll("_", " ");

/** What was entered; fields that were left empty are not sent. */
function values(controls) {
  const all = controls.map(({ name, input }) => [name, input.type === "checkbox" ? input.checked : entered(input)]);
  return Object.fromEntries(all.filter(([, value]) => value !== ""));
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
