// What is the site's own in an account: its fields and its metadata.

import { nameOf } from "./accounts.js";
import { change } from "./change.js";
import { facts, h, when } from "./elements.js";
import { form, words } from "./form.js";

const JSON_TEXT = { contentMediaType: "application/json" };

/** The fields, to be set. Those that are not declared any more can be removed. */
export function fields(user, declared) {
  const names = Object.keys(user.profile);
  if (names.length === 0) return [h("p", {}, "None (ACCOUNT_PROFILE_FIELDS).")];
  const consents = names.filter((name) => declared.some((field) => field.name === name && field.type === "consent"));
  const known = names.filter((name) => !consents.includes(name)).map((name) => {
    const field = declared.find((one) => one.name === name);
    const { schema, hint } = field ? drawn(field) : { hint: "Not declared any more: it can only be removed" };
    return { name, label: words(name), hint, schema, value: shown(user.profile[name]), required: true };
  });
  const set = async (values) => {
    const changed = Object.entries(values).filter(([name, value]) => value !== shown(user.profile[name]));
    if (changed.length === 0) return { status: 400, errors: [{ message: "Nothing is changed." }] };
    const text = `${changed.map(([name, value]) => (value === "" ? `${words(name)} is removed` : `${words(name)} is set to ${value}`)).join("; ")}.`;
    return change("user.set", { id: user.id, fields: Object.fromEntries(changed) }, { who: nameOf(user), title: "Set these fields?", text, label: "Set" });
  };
  return [
    known.length > 0 && form(known, "Set…", set, { sendsEmpty: true }),
    consents.length > 0 && h("p", {}, "Consents are the user's own to give:"),
    facts(Object.fromEntries(consents.map((name) => [words(name), given(user.profile[name])]))),
  ];
}

/** How a declared field is drawn, and what it says of itself. */
export function drawn({ type, min, max, choices, help }) {
  const schema = {
    text: { type: "string", maxLength: max },
    boolean: { type: "boolean" },
    integer: { type: "integer" },
    date: { type: "string", format: "date" },
    choice: { type: "string", enum: choices },
  }[type] ?? {};
  const limits = type === "integer" && `A whole number from ${min} to ${max}`;
  return { schema, hint: [help, limits].filter(Boolean).join(". ") || undefined };
}

/** A value as a form has it: a box is checked or not, everything else is text. */
const shown = (value) => (value === null || value === undefined ? "" : typeof value === "object" || typeof value === "number" ? JSON.stringify(value) : value);

const given = (consent) => (consent ? `version ${consent.version}, ${when(consent.at)}` : "not given");

/** The metadata, to be replaced. */
export function metadata(user) {
  const kinds = { public_metadata: "For the user and operators", private_metadata: "For operators only" };
  const known = Object.entries(kinds).map(([name, label]) => ({ name, label, schema: JSON_TEXT, value: JSON.stringify(user[name], null, 2), required: true }));
  const set = async (values) => {
    const read = {};
    for (const [name, text] of Object.entries(values)) {
      const value = object(text);
      if (!value) return { status: 400, errors: [{ param: name, message: "This is no JSON object, such as {\"plan\": \"pro\"}." }] };
      if (JSON.stringify(value) !== JSON.stringify(user[name])) read[name] = value;
    }
    if (Object.keys(read).length === 0) return { status: 400, errors: [{ message: "Nothing is changed." }] };
    return change("user.set", { id: user.id, ...read },
      { who: nameOf(user), title: "Replace the metadata?", text: "What is written here takes the place of all that was there.", label: "Replace" });
  };
  return [form(known, "Replace…", set, { sendsEmpty: true })];
}

/** A JSON object; nothing for what is none. */
function object(text) {
  try {
    const value = JSON.parse(text || "{}");
    return value !== null && typeof value === "object" && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
