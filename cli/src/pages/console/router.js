// Pages by the fragment of the URL. It never has a name of a person: browsers keep it in their history.

import { announce, h } from "./elements.js";

let pages = [];

/** Starts with these pages: `{ path, title, show }`, with `{key}` at the end of a path for what `show` is called with. */
export function start(all) {
  pages = all;
}

/** Goes to a page. */
export function go(path) {
  history.pushState(null, "", `#${path}`);
  return refresh();
}

/** Shows the page that the browser is at, as it is now. */
export async function refresh() {
  const here = location.hash;
  const { page, key } = find(here.slice(1) || "/");
  announce("");
  const content = await page.show(key).catch((error) => [alert(error.message)]);
  // The operator has gone on while this one was loading.
  if (location.hash === here) put(page.title, content);
}

/** Shows a title and content in place of the page. */
export function put(title, content) {
  document.title = `${title} · Console`;
  const heading = h("h1", { tabindex: "-1" }, title);
  document.getElementById("page").replaceChildren(heading, ...content.flat().filter(Boolean));
  for (const item of document.querySelectorAll("#menu a")) {
    if (item.hash === (location.hash || "#/")) item.setAttribute("aria-current", "page");
    else item.removeAttribute("aria-current");
  }
  heading.focus({ preventScroll: true });
}

/** What went wrong. */
export const alert = (text) => h("p", { role: "alert", class: "error" }, text);

function find(path) {
  for (const page of pages) {
    const [before, after] = page.path.split("{key}");
    if (after === undefined && page.path === path) return { page };
    if (after === "" && path.startsWith(before) && path.length > before.length) {
      return { page, key: decodeURIComponent(path.slice(before.length)) };
    }
  }
  return { page: { title: "Not found", show: async () => [h("p", {}, "There is no page at this path.")] } };
}
