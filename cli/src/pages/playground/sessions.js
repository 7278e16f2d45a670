// The sessions of an account: where it is logged in.

import { loadSession } from "./api.js";
import { announce, button, h, when } from "./elements.js";
import { problem } from "./form.js";
import { call } from "./reauthenticate.js";
import { refresh } from "./router.js";

/** The page. */
export async function sessions() {
  const { status, data = [] } = await call("GET", "auth/sessions");
  if (status !== 200) return [h("p", { role: "alert", class: "error" }, problem({ status }))];
  const others = data.filter((session) => !session.is_current).map(({ id }) => id);
  return [
    h("ul", { class: "cards" }, ...data.map(card)),
    others.length > 0 && button("End all others", () => end(others), { class: "bad" }),
  ];
}

function card({ id, user_agent: agent, ip, created_at: created, last_seen_at: seen, is_current: isCurrent }) {
  return h("li", {},
    h("b", {}, isCurrent ? "This one" : ip), " ", h("span", { class: "dim" }, `since ${when(created)}${seen ? `, last seen ${when(seen)}` : ""}`),
    h("p", { class: "dim" }, agent),
    button(isCurrent ? "End this session" : "End it", () => end([id]), { "aria-label": isCurrent ? null : `End the session from ${ip}, ${when(created)}` }));
}

async function end(ids) {
  const answer = await call("DELETE", "auth/sessions", { sessions: ids });
  // A 401 is a success as well: this session was among them.
  if (answer.status !== 200 && answer.status !== 401) return announce(problem(answer));
  await loadSession();
  await refresh();
  return announce("Ended.");
}
