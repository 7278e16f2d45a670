// What happened to an account: its recorded events, with who did it.

import { request } from "./api.js";
import { button, h, when } from "./elements.js";
import { alert } from "./router.js";

/** The events that were answered, and the pages after them. */
export function history(id, answer) {
  const list = h("div");
  const append = ({ data, errors }) => {
    for (const old of list.querySelectorAll(".more")) old.remove();
    if (errors) return list.append(alert(errors[0].message));
    const { events, altered, next } = data;
    const more = next && button("Earlier events", async () => append(await request("user.history", { id, next })), { class: "more" });
    return list.append(...[
      events.length > 0 && h("ul", { class: "cards" }, ...events.map(card)),
      altered.length > 0 && alert(`Altered, and not shown: ${altered.join(", ")}.`),
      more,
    ].filter(Boolean));
  };
  append(answer);
  if (list.childElementCount === 0) list.append(h("p", {}, "None is recorded (AUDIT_RETENTION_DAYS)."));
  return [list];
}

function card(event) {
  const { at, actor, session, personal } = event;
  const of = [actor && `by ${by(actor)}`, session !== null && `session ${session}`, personal?.ip && `from ${personal.ip}`].filter(Boolean);
  return h("li", {},
    inWords(event), " ", h("span", { class: "dim" }, [when(at), ...of].join(", ")),
    h("details", {}, h("summary", {}, "All of it"), h("pre", {}, JSON.stringify(event, null, 2))));
}

/** Who did it: the user, or an operator, by the name that AWS gives them. */
export const by = ({ kind, arn, id }) => [kind, arn ?? id].filter(Boolean).join(" ");

/** An event in words: its type, and its data if it has any. */
export const inWords = ({ type, data = {} }) => [h("code", {}, type), Object.keys(data).length > 0 && ` ${JSON.stringify(data)}`];
