// The console's pages, and its beginning and end.

import { account } from "./account.js";
import { accounts, forget } from "./accounts.js";
import { add } from "./add.js";
import { hasToken, takeToken } from "./api.js";
import { h } from "./elements.js";
import { invitations } from "./invitations.js";
import { alert, put, refresh, start } from "./router.js";

const PAGES = [
  { path: "/", title: "Accounts", show: accounts },
  { path: "/account/{key}", title: "Account", show: account },
  { path: "/add", title: "Add an account", show: add },
  { path: "/invitations", title: "Invitations", show: invitations },
];

/** Leaves nothing of any account on the page. */
function ended(reason) {
  forget();
  for (const dialog of document.querySelectorAll("dialog")) dialog.remove();
  put("The console is closed", [
    alert(reason),
    h("p", {}, "Open the link that was printed last where Vestibule runs: this page keeps it in memory only."),
  ]);
}

/** Shows what the fragment of the URL says: a page, or another link. */
function open() {
  takeToken(ended);
  return hasToken() ? refresh() : ended("This page has no link, as after a reload.");
}

const { place } = await (await fetch("/environment.json")).json();
document.getElementById("place").textContent = place;
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  document.getElementById("page").focus();
});
start(PAGES);
addEventListener("hashchange", open);
await open();
