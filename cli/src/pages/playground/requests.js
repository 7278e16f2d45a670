// The requests that the pages have made, with their answers, and as curl.

import { curl, opening } from "./curl.js";
import { copyButton, button, h } from "./elements.js";

const KEPT = 50;
const STORE = "requests";
// Through a login at a provider, which leaves this page, the list is kept by the tab.
let requests = JSON.parse(sessionStorage.getItem(STORE) ?? "[]");
const list = h("ol", { class: "plain" });

/** Adds a request and its answer: newest first. */
export function record(request, answer) {
  requests = [{ request, answer }, ...requests].slice(0, KEPT);
  sessionStorage.setItem(STORE, JSON.stringify(requests));
  list.prepend(entry(requests[0]));
}

/** Everything so far, as a script. */
const script = () => [opening, ...requests.toReversed().map(({ request }) => curl(request))].join("\n\n");

/** Fills the panel. */
export function showRequests(panel) {
  const clear = button("Clear", () => {
    requests = [];
    sessionStorage.removeItem(STORE);
    list.replaceChildren();
  });
  list.replaceChildren(...requests.map(entry));
  panel.replaceChildren(
    h("h2", { id: "requests-title" }, "Requests"),
    h("p", { class: "dim" }, "The requests of this page and of earlier ones. A 401 is no failure: it lists how to continue."),
    h("p", { class: "row" }, copyButton("Copy all as curl", script), clear),
    list,
  );
}

function entry({ request, answer }) {
  const path = request.url.replace(/^.*\/v1\//, "");
  const command = curl(request);
  return h("li", {}, h("details", {},
    h("summary", {}, h("code", {}, `${request.method} ${path}`), " ", h("b", { class: `s${answer.status}` }, answer.status ?? "")),
    h("pre", {}, command),
    copyButton("Copy as curl", command),
    answer.body !== undefined && h("pre", {}, answer.body),
  ));
}
