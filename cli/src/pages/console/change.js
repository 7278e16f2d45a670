// A change of an account: judged first, then confirmed by the operator, and then made.

import { request } from "./api.js";
import { announce, ask, button, facts, h } from "./elements.js";
import { inWords } from "./history.js";
import { refresh } from "./router.js";

/**
 * Asks for a change. `what` has the title of its confirmation, what happens, and the label of the button that makes it.
 * Resolves to the answer; to nothing if the operator leaves it. What comes `after` it is to show the page again.
 */
export async function change(operation, values, what, after = refresh) {
  announce("");
  const judged = await request(operation, { ...values, dry_run: true });
  if (judged.status !== 200) return judged;
  if (!(await confirmed(judged.data, what))) return undefined;
  const answer = await request(operation, values);
  if (answer.status === 200) {
    await after(answer.data);
    announce(what.done ?? "Done.");
  }
  return answer;
}

/** A button for a change. It has no place of its own for errors. */
export function changeButton(text, operation, values, what, { name, after, ...properties } = {}) {
  const act = async () => {
    const answer = await change(operation, values, { label: text, ...what }, after);
    if (answer?.errors) announce(answer.errors.map(({ message }) => message).join(" "));
  };
  return button(text, act, { "aria-label": name && `${text}: ${name}`, ...properties });
}

function confirmed({ id, events = [], mails_to: mails }, { title, text, label, who }) {
  const effects = facts({
    Account: who ?? id,
    History: events.length === 0 ? undefined : h("ul", { class: "plain" }, ...events.map((event) => h("li", {}, inWords(event)))),
    Mail: mails && (mails.length > 0 ? `to ${mails.join(", ")}` : "none is sent"),
  });
  const place = document.getElementById("place").textContent;
  return ask(title, (close) => [
    h("p", {}, text),
    effects,
    h("p", { class: "dim" }, `In ${place}`),
    button(label, () => close(true), { class: "bad" }),
  ]);
}
