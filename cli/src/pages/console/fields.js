// What is the site's own in an account: its fields and its metadata.

import { nameOf } from "./accounts.js";
import { change } from "./change.js";
import { h } from "./elements.js";
import { form, words } from "./form.js";

const JSON_TEXT = { contentMediaType: "application/json" };

/** The fields, to be set. A value that is not text is written as JSON. */
export function fields(user) {
  const names = Object.keys(user.profile);
  if (names.length === 0) return [h("p", {}, "None (ACCOUNT_PROFILE_FIELDS).")];
  const known = names.map((name) => ({ name, label: words(name), value: written(user.profile[name]), required: true }));
  const set = async (values) => {
    const changed = Object.entries(values).filter(([name, value]) => value !== written(user.profile[name]));
    if (changed.length === 0) return { status: 400, errors: [{ message: "Nothing is changed." }] };
    const text = `${changed.map(([name, value]) => (value === "" ? `${words(name)} is removed` : `${words(name)} is set to ${value}`)).join("; ")}.`;
    return change("user.set", { id: user.id, fields: Object.fromEntries(changed) }, { who: nameOf(user), title: "Set these fields?", text, label: "Set" });
  };
  return [form(known, "Set…", set, { sendsEmpty: true })];
}

const written = (value) => (value === null || value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value));

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
