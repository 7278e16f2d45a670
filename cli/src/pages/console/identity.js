// What an account is known by: its email addresses, its username and its phone number.

import { nameOf } from "./accounts.js";
import { change, changeButton } from "./change.js";
import { h, when } from "./elements.js";
import { form } from "./form.js";

const MAIL_RIGHT = "Who reads mail there can reset the password.";

/** The email addresses, and what can be done with each. */
export function emails(user) {
  const items = user.emails.map((item) => h("li", {}, h("b", {}, item.email), ` ${described(item)}`, h("div", { class: "row" }, ...actions(user, item))));
  return [items.length > 0 ? h("ul", { class: "cards" }, ...items) : h("p", {}, "None."), adding(user)];
}

const described = ({ verified, primary, undeliverable_until: until }) => [
  verified ? "verified" : "not verified",
  primary && "primary",
  until && `undeliverable: no mail is sent to it until ${when(until)}`,
].filter(Boolean).join(", ");

function actions(user, { email, verified, primary, undeliverable_until: until }) {
  const who = nameOf(user);
  const act = (text, action, what) =>
    changeButton(text, "user.email", { id: user.id, action, email }, { who, ...what }, { name: email, class: action === "remove" && "bad" });
  const send = (text, mail, what) =>
    changeButton(text, "user.send", { id: user.id, mail, email }, { who, ...what, done: "The mail is on its way." }, { name: email });
  return [
    !verified && act("Mark as verified", "verify", { title: `Mark ${email} as verified?`, text: `Do this only if you know that it is the owner's. ${MAIL_RIGHT}` }),
    !primary && act("Make primary", "primary", { title: `Make ${email} primary?`, text: "It is shown as the account's email address, and gets its notifications." }),
    !verified && send("Send verification mail", "verification", { title: "Send the verification mail?", text: `A link that verifies ${email} is sent to it.` }),
    send("Send reset mail", "password_reset", { title: "Send the reset mail?", text: `A link that sets a new password is sent to ${email}.` }),
    until && changeButton("Send mail again", "email.clear", { email },
      { who: email, title: `Send mail to ${email} again?`, text: "The mark that it is undeliverable is removed. After a complaint, SES has a list of its own that keeps mail from it." }, { name: email }),
    act("Remove", "remove", { title: `Remove ${email}?`, text: "It no longer logs in to this account, and gets no more mail of it." }),
  ].filter(Boolean);
}

function adding(user) {
  const add = ({ email }) => change("user.email", { id: user.id, action: "add", email },
    { who: nameOf(user), title: `Add ${email}?`, text: `It is added unverified. ${MAIL_RIGHT}`, label: "Add" });
  return details("Add an email address", form([{ name: "email", schema: { format: "email" }, required: true }], "Add…", add));
}

/** The username. */
export function username(user) {
  const set = (values) => change("user.set", { id: user.id, username: values.username ?? "" },
    { who: nameOf(user), title: `Set the username to ${values.username}?`, text: "The username before no longer logs in.", label: "Set" });
  const field = { name: "username", value: user.username ?? "", required: true };
  return [h("p", {}, user.username ?? "None."), details("Set the username", form([field], "Set…", set))];
}

/** The phone number. */
export function phone(user) {
  const { id, phone: number, phone_verified: verified } = user;
  const who = nameOf(user);
  const set = (values) => change("user.phone", { id, action: "set", phone: values.phone },
    { who, title: `Set the phone number to ${values.phone}?`, text: "It counts as verified: who reads text messages there can log in by a code, where that is enabled.", label: "Set" });
  return [
    h("p", {}, number ? `${number}, ${verified ? "verified" : "not verified"}` : "None."),
    h("div", { class: "row" },
      number && !verified && changeButton("Mark as verified", "user.phone", { id, action: "verify" },
        { who, title: `Mark ${number} as verified?`, text: "Do this only if you know that it is the owner's." }, { name: number }),
      number && changeButton("Remove", "user.phone", { id, action: "remove" },
        { who, title: `Remove ${number}?`, text: "It no longer logs in to this account." }, { name: number, class: "bad" })),
    details("Set the phone number", form([{ name: "phone", required: true }], "Set…", set)),
  ];
}

/** Something that is opened when it is needed. */
export const details = (summary, ...content) => h("details", {}, h("summary", {}, summary), ...content);
