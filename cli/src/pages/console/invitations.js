// Invitations to sign up.

import { request } from "./api.js";
import { change, changeButton } from "./change.js";
import { button, copyButton, facts, h, section, when } from "./elements.js";
import { drawn } from "./fields.js";
import { form, words } from "./form.js";
import { by } from "./history.js";
import { alert, refresh } from "./router.js";

/** The page. */
export async function invitations() {
  const declared = await request("field.list");
  const listed = h("div");
  const list = async () => {
    const { data, errors } = await request("invite.list");
    listed.replaceChildren(errors ? alert(errors[0].message) : cards(data.invitations));
  };
  return [
    section("Invite", declared.errors ? alert(declared.errors[0].message) : inviting(declared.data.fields)),
    section("Open invitations",
      h("p", {}, "This reads the whole table, and costs what reading it costs."),
      button("List invitations", list),
      listed),
  ];
}

function inviting(declared) {
  const made = h("div");
  const own = declared.filter(({ type }) => type !== "consent");
  const fields = [
    { name: "email", schema: { format: "email" }, required: true },
    { name: "invited_by", label: "Invited by", hint: "As the list of invitations shows it" },
    ...own.map((field) => ({ name: field.name, label: words(field.name), ...drawn(field) })),
    { name: "return_link", label: "Show the link instead of sending it", schema: { type: "boolean" } },
  ];
  const show = async ({ email, link }) => made.replaceChildren(link
    ? h("div", {}, h("p", {}, "This link is a secret. Give it to nobody else."), h("pre", {}, link), copyButton("Copy the link", link))
    : h("p", {}, `The invitation of ${email} is on its way.`));
  const invite = (values) => {
    const { email, invited_by, return_link, ...rest } = values;
    // A box that is left unchecked says nothing: the account has the default.
    const fields = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== false));
    const set = Object.entries(fields).map(([name, value]) => `${words(name)} is set to ${value}. `).join("");
    return change("invite.add", { email, invited_by, return_link, fields }, {
      who: email,
      title: `Invite ${email}?`,
      text: `${set}It takes the place of an earlier invitation. ${return_link ? "No mail is sent." : `A link that is valid for seven days is sent to ${email}.`}`,
      label: "Invite",
      done: "Invited.",
    }, show);
  };
  return [form(fields, "Invite…", invite), made];
}

function cards(list) {
  if (list.length === 0) return h("p", {}, "None.");
  return h("ul", { class: "cards" }, ...list.map(({ email, invited_by: name, fields, valid_until: until, revoked, changes }) => h("li", {},
    h("b", {}, email),
    facts({
      "Invited by": name,
      [revoked ? "Kept until" : "Valid until"]: when(until),
      Fields: Object.keys(fields).length > 0 ? JSON.stringify(fields) : undefined,
    }),
    ...changes.map(({ revoked: was, at, actor }) => h("p", {}, `${was ? "Revoked" : "Made"} ${when(at)} by ${by(actor)}`)),
    revoked ? "" : changeButton("Revoke", "invite.revoke", { email },
      { who: email, title: "Revoke the invitation?", text: `The link that was sent to ${email} no longer signs up.` }, { name: email, class: "bad", after: refresh }))));
}
