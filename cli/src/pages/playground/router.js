// Pages by their paths, shown without loading this document again.

import { announce, h } from "./elements.js";

let pages = [];

/** Starts with these pages: `{ path, title, show }`, with `{key}` in the path for what `show` is called with. */
export function start(all) {
  pages = all;
  document.addEventListener("click", (event) => {
    const target = event.target.closest("a");
    const isPlain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey;
    if (!target || !isPlain || target.origin !== location.origin || target.hash || target.download) return;
    event.preventDefault();
    go(target.pathname + target.search);
  });
  addEventListener("popstate", refresh);
  return refresh();
}

/** Goes to a page. */
export function go(path) {
  history.pushState(null, "", path);
  return refresh();
}

/** Shows the page that the browser is at, as it is now. */
export async function refresh() {
  const here = location.href;
  const { page, key } = find(location) ?? { page: { title: "Not found", show: notFound } };
  document.title = `${page.title} · Playground`;
  announce("");
  const content = await page.show(key).catch((error) => [h("p", { role: "alert", class: "error" }, error.message)]);
  // Somebody has gone on while this one was loading.
  if (location.href !== here || !content) return;
  const title = h("h1", { tabindex: "-1" }, page.title);
  document.getElementById("page").replaceChildren(title, ...content.filter(Boolean));
  for (const item of document.querySelectorAll("#menu a")) {
    if (item.pathname === location.pathname) item.setAttribute("aria-current", "page");
    else item.removeAttribute("aria-current");
  }
  title.focus({ preventScroll: true });
}

function find({ pathname, search, hash }) {
  for (const page of pages) {
    const [before, after] = page.path.split("{key}");
    // A link may have its key anywhere.
    const path = /[?#]/.test(page.path) ? pathname + search + hash : pathname;
    if (after === undefined) {
      if (page.path === path) return { page };
    } else if (path.startsWith(before) && path.endsWith(after) && path.length > before.length + after.length) {
      // Keys are percent-encoded in links.
      return { page, key: decodeURIComponent(path.slice(before.length, path.length - after.length)) };
    }
  }
  return undefined;
}

const notFound = async () => [h("p", {}, "There is no page at this path.")];
