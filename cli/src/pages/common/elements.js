// Elements, made of text and other elements. Text stays text: nothing here reads HTML.

/** Makes an element: `h("p", { class: "dim", onclick: act }, "text", another)`. */
export function h(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (typeof value === "function") element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat(2).filter((child) => child || child === 0));
  return element;
}

/** Makes a button. While its action runs it does nothing more; what goes wrong is announced. */
export function button(text, action, properties = {}) {
  const made = h("button", { type: "button", ...properties }, text);
  made.addEventListener("click", () => busy(made, action));
  return made;
}

/** Runs an action, with its button out of use until it has ended. */
export async function busy(control, action) {
  if (control.getAttribute("aria-disabled") === "true") return;
  control.setAttribute("aria-disabled", "true");
  try {
    await action();
  } catch (error) {
    announce(error.message);
  } finally {
    control.removeAttribute("aria-disabled");
  }
}

/** Says something to everyone, screen readers included. */
export function announce(text) {
  document.getElementById("status").textContent = text;
}

/** A link to another page of the playground. */
export const link = (path, ...text) => h("a", { href: path }, ...text);

/** A section with a heading. */
export const section = (title, ...content) => h("section", {}, h("h2", {}, title), ...content);

/** What is known of something, as terms and descriptions; what is unknown is left out. */
export function facts(pairs) {
  const known = Object.entries(pairs).filter(([, value]) => value !== undefined && value !== null && value !== "");
  return h("dl", {}, ...known.flatMap(([term, value]) => [h("dt", {}, term), h("dd", {}, value)]));
}

/** A Unix timestamp in words. */
export const when = (seconds) => (seconds ? new Date(seconds * 1000).toLocaleString() : "never");

/** A button that copies a text. */
export function copyButton(label, text) {
  return button(label, async () => {
    await navigator.clipboard.writeText(typeof text === "function" ? text() : text);
    announce("Copied.");
  });
}

/** Opens a dialog, and resolves to what its content calls `close` with; to nothing if it is left. */
export function ask(title, fill) {
  return new Promise((resolve) => {
    const heading = h("h2", { id: "dialog-title" }, title);
    const dialog = h("dialog", { "aria-labelledby": "dialog-title" }, heading);
    const close = (value) => {
      dialog.close();
      dialog.remove();
      resolve(value);
    };
    dialog.addEventListener("cancel", () => close(undefined));
    dialog.append(...fill(close).filter(Boolean), button("Cancel", () => close(undefined), { class: "quiet" }));
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Asks for a confirmation; resolves to whether it was given. */
export const confirm = (title, text, label) =>
  ask(title, (close) => [h("p", {}, text), button(label, () => close(true), { class: "bad" })]);
