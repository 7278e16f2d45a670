// Where an account is logged in.

import { nameOf } from "./accounts.js";
import { changeButton } from "./change.js";
import { h, when } from "./elements.js";
import { alert } from "./router.js";

/** The sessions that were answered, and what ends them. */
export function sessions(user, { data, errors }) {
  if (errors) return [alert(errors[0].message)];
  if (data.sessions.length === 0) return [h("p", {}, "None.")];
  const { id } = user;
  const who = nameOf(user);
  return [
    h("ul", { class: "cards" }, ...data.sessions.map((session) => h("li", {},
      h("b", {}, session.ip), " ", h("span", { class: "dim" }, `since ${when(session.created_at)}, last seen ${when(session.last_seen_at)}`),
      h("p", { class: "dim" }, session.user_agent),
      changeButton("End it", "user.end_sessions", { id, session: session.id },
        { who, title: "End this session?", text: `The browser or app at ${session.ip} is logged out.` }, { name: `${session.ip}, ${when(session.created_at)}`, class: "bad" })))),
    changeButton("End all sessions", "user.end_sessions", { id },
      { who, title: "End all sessions?", text: "The account is logged out everywhere, and no browser is trusted any more." }, { class: "bad" }),
  ];
}
