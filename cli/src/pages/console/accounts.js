// Finding accounts: exactly, by what the table is keyed by, and by reading all of it.

import { request } from "./api.js";
import { button, h, link, section, when } from "./elements.js";
import { form } from "./form.js";
import { alert } from "./router.js";

let found = h("div");
let listed = h("div");

/** The page. What was found stays there while the operator looks at accounts. */
export async function accounts() {
  const known = { name: "known", label: "Email address, username, phone number or id", required: true };
  const provider = { name: "provider", label: "Provider", hint: "Its id, such as google", required: true };
  const uid = { name: "uid", label: "Id of the account there", required: true };
  const text = { name: "text", label: "Only those with this text", hint: "In an email address, the username, the phone number or a field" };
  return [
    section("Find an account", form([known], "Find", async (values) => find(identifiers(values.known ?? ""))),
      h("details", {}, h("summary", {}, "By an account at a provider"), form([provider, uid], "Find there", async (values) => find([values]))),
      found),
    section("List accounts",
      h("p", {}, "This reads the whole table, a page at a time, and costs what reading it costs."),
      form([text], "List", async (values) => list(values.text)),
      listed),
  ];
}

/** Forgets what was found. */
export function forget() {
  found = h("div");
  listed = h("div");
}

/** Everything that the text may be: one kind of identifier each. */
function identifiers(text) {
  const kinds = { email: /@/, phone: /^\+[\d\s().-]+$/, username: /./, id: /^[\w-]+$/ };
  return Object.entries(kinds).filter(([, pattern]) => pattern.test(text)).map(([kind]) => ({ [kind]: text }));
}

async function find(wanted) {
  if (wanted.length === 0) return { status: 400, errors: [{ message: "Say which account.", param: "known" }] };
  const answers = await Promise.all(wanted.map((one) => request("user.find", one)));
  // What is no email address may still be a username.
  const failed = answers.find(({ status }) => status !== 200 && (status !== 400 || answers.every((answer) => answer.status === 400)));
  if (failed) return failed;
  const users = new Map(answers.flatMap(({ data }) => data?.users ?? []).map((user) => [user.id, user]));
  const none = h("p", {}, "No account has exactly that.");
  found.replaceChildren(users.size > 0 ? cards([...users.values()]) : none);
  return answers[0].status === 200 ? answers[0] : { status: 200 };
}

async function list(contains) {
  const pages = h("div");
  let read = 0;
  let count = 0;
  const more = async (next) => {
    const answer = await request("user.list", { contains, next });
    if (answer.status !== 200) return answer;
    const { users, unreadable = [], items_read: items, next: following } = answer.data;
    read += items;
    count += users.length;
    for (const old of pages.querySelectorAll(".more")) old.remove();
    pages.append(cards(users), unreadable.length > 0 ? alert(`Cannot be read: ${unreadable.join(", ")}.`) : "", h("div", { class: "more" },
      h("p", { class: "dim" }, `${count === 1 ? "1 account" : `${count} accounts`}; ${read} items of the table were read${following ? " so far" : ": that is all"}.`),
      following && button("Next page", async () => show(await more(following)))));
    return answer;
  };
  const show = ({ errors }) => errors && pages.append(alert(errors[0].message));
  const answer = await more();
  if (answer.status === 200) listed.replaceChildren(pages);
  return answer;
}

const cards = (users) => h("ul", { class: "cards" }, ...users.map((user) => h("li", {},
  link(`#/account/${encodeURIComponent(user.id)}`, nameOf(user)), " ", ...marks(user),
  h("p", { class: "dim" }, `${known(user)}since ${when(user.created_at)}, last login ${when(user.last_login_at)}`))));

/** What an account is called. */
export const nameOf = ({ email, username, phone, id }) => email ?? username ?? phone ?? id;

const known = (user) => [user.username, user.phone].filter((text) => text && text !== nameOf(user)).map((text) => `${text}, `).join("");

/** What is remarkable about an account. */
export const marks = ({ active, superuser }) => [
  !active && h("b", { class: "mark" }, "disabled"), " ",
  superuser && h("b", { class: "mark" }, "superuser"),
];
