// The history of an account: the events that were recorded of it (AUDIT_RETENTION_DAYS).

import { announce, button, facts, h, when } from "./elements.js";
import { problem, words } from "./form.js";
import { call } from "./reauthenticate.js";

/** The page. */
export async function accountHistory() {
  const [list, more] = [h("ul", { class: "cards" }), h("p")];
  const answer = await append(list, more, {});
  if (answer.status !== 200) return [h("p", { role: "alert", class: "error" }, problem(answer))];
  return list.childElementCount ? [list, more] : [h("p", {}, "Nothing is recorded of this account.")];
}

/** Adds a page of events, the latest first, and a button for the next one. */
async function append(list, more, query) {
  const answer = await call("GET", "account/history", undefined, { query });
  if (answer.status !== 200) return answer;
  const { events, next } = answer.data;
  list.append(...events.map(card));
  const older = button("Older", async () => announce(problem(await append(list, more, { before: next }))));
  more.replaceChildren(...(next ? [older] : []));
  return answer;
}

function card({ type, at, actor, data, personal }) {
  const known = Object.entries({ ...data, ...personal }).map(([name, value]) => [words(name), value?.toString()]);
  return h("li", {}, h("b", {}, type), " ", h("span", { class: "dim" }, `${when(at)}, by ${actor.kind}`), facts(Object.fromEntries(known)));
}
