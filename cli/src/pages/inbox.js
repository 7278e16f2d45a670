// Shows the messages, and looks for new ones every two seconds, through the same API that tests use.

const EVERY_MS = 2000;
const SHOWN = 200;
const at = (id) => document.getElementById(id);

/** A code stands on a line of its own. */
const CODE = /^[A-Z0-9]{3,}(?:-[A-Z0-9]{3,})?$/m;

let known = "";
let chosen = location.hash.slice(1);
let asText = false;

async function refresh() {
  let listing;
  try {
    listing = await (await fetch(`api/v1/messages?limit=${SHOWN}`)).json();
  } catch {
    at("status").textContent = "The local stack has stopped.";
    return;
  }
  const { messages, total } = listing;
  at("status").textContent = total === 1 ? "1 message" : `${total} messages`;
  const ids = messages.map((message) => message.ID).join();
  if (ids === known) return;
  known = ids;
  document.title = total ? `(${total}) Inbox · Vestibule` : "Inbox · Vestibule";
  at("clear").hidden = at("message").hidden = total === 0;
  at("none").hidden = total > 0;
  if (!messages.some((message) => message.ID === chosen)) chosen = messages[0]?.ID ?? "";
  at("list").replaceChildren(...messages.map(entry));
  search();
  if (chosen) await open(chosen);
}

function entry(message) {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.id = message.ID;
  const time = document.createElement("time");
  time.dateTime = message.Created;
  time.textContent = new Date(message.Created).toLocaleTimeString();
  button.append(
    line("subject", message.Subject),
    line("to", addresses(message.To)),
    time,
    line("snippet", message.Snippet),
  );
  button.addEventListener("click", () => open(message.ID));
  const item = document.createElement("li");
  item.append(button);
  return item;
}

/** Leaves the messages in the list whose recipient, subject or beginning has all these words. */
function search() {
  const words = at("search").value.toLowerCase().split(/\s+/);
  for (const item of at("list").children) {
    const text = item.textContent.toLowerCase();
    item.hidden = !words.every((word) => text.includes(word));
  }
}

/** Buttons that copy what people need from a message: its code, and the link to it here. */
function tools(message) {
  const code = message.Text.match(CODE)?.[0];
  const link = new URL(`#${message.ID}`, location.href).href;
  return [code && copy(`Copy the code ${code}`, code), copy("Copy a link to this message", link)].filter(Boolean);
}

function copy(label, text) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = label;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text);
    at("status").textContent = "Copied.";
  });
  return button;
}

function line(kind, text) {
  const span = document.createElement("span");
  span.className = kind;
  span.textContent = text;
  return span;
}

async function open(id) {
  const response = await fetch(`api/v1/message/${id}`);
  if (!response.ok) return;
  const message = await response.json();
  chosen = id;
  history.replaceState(null, "", `#${id}`);
  for (const button of at("list").querySelectorAll("button")) {
    if (button.dataset.id === id) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  }
  at("subject").textContent = message.Subject;
  at("to").textContent = addresses([...message.To, ...message.Cc, ...message.Bcc]);
  at("from").textContent = addresses([message.From]);
  for (const part of document.querySelectorAll(".mail")) part.hidden = !message.From.Address;
  at("date").textContent = new Date(message.Date).toLocaleString();
  at("html").srcdoc = `<base target="_blank">${message.HTML}`;
  at("text").replaceChildren(...linked(message.Text));
  at("tools").replaceChildren(...tools(message));
  at("views").hidden = !message.HTML || !message.Text;
  show(message.HTML && !(asText && message.Text) ? "html" : "text");
}

function show(view) {
  for (const name of ["html", "text"]) {
    at(name).hidden = name !== view;
    at(`show-${name}`).setAttribute("aria-selected", name === view);
  }
}

function addresses(list) {
  return list.map(({ Name, Address }) => (Name ? `${Name} <${Address}>` : Address)).join(", ");
}

function* linked(text) {
  for (const part of text.split(/(https?:\/\/[^\s<>"]+)/)) {
    if (!/^https?:/.test(part)) {
      yield part;
      continue;
    }
    const link = document.createElement("a");
    link.href = link.textContent = part;
    link.target = "_blank";
    link.rel = "noreferrer";
    yield link;
  }
}

at("show-html").addEventListener("click", () => {
  asText = false;
  show("html");
});
at("show-text").addEventListener("click", () => {
  asText = true;
  show("text");
});
at("clear").addEventListener("click", async () => {
  await fetch("api/v1/messages", { method: "DELETE" });
  await refresh();
});

at("search").addEventListener("input", search);
addEventListener("hashchange", () => open(location.hash.slice(1)));

refresh();
setInterval(refresh, EVERY_MS);
