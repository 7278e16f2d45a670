// A stack, a frontend at another origin, and a browser in front of it.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { startStack } from "./stack.js";

const CHROMIUM = process.env.CHROMIUM;
const FLAGS = [
  "--no-sandbox", // Containers run as root, where Chromium has no sandbox.
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const TYPES = { ".html": "text/html", ".js": "text/javascript" };

/** Starts everything, with settings of the API; `stop` it in the end. */
export async function start(settings = {}) {
  const frontend = await serveFrontend();
  const stack = await startStack({ FRONTEND_URL: frontend.origin, CSRF_TRUSTED_ORIGINS: frontend.origin, ...settings });
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  return {
    ...stack,
    /** Opens the frontend, as somebody who was never here before. */
    visit: () => visit(browser, `${frontend.origin}/?api=${stack.api}`),
    async stop() {
      await browser.close();
      await stack.stop();
      frontend.server.close();
    },
  };
}

/** Serves the folder `frontend` at a port of its own. */
async function serveFrontend() {
  const server = createServer(async ({ url }, response) => {
    const path = new URL(url, "http://localhost").pathname.slice(1);
    // Every page is the same one.
    const name = path.includes(".") ? path : "index.html";
    try {
      const file = await readFile(join(import.meta.dirname, "frontend", name));
      response.setHeader("content-type", TYPES[name.slice(name.lastIndexOf("."))]);
      response.end(file);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, "localhost", resolve));
  return { server, origin: `http://localhost:${server.address().port}` };
}

/** A page of the frontend, and the browser's own authenticator. */
async function visit(browser, url) {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(url);
  const call = (name, ...values) =>
    page.evaluate(([name, values]) => window.frontend[name](...values), [name, values]);
  const devtools = await context.newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  return {
    page,
    api: (method, path, body) => call("api", method, path, body),
    createKey: (options) => call("createKey", options),
    useKey: (options) => call("useKey", options),
    /** Leaves for another service, by a form of the frontend. */
    leave: (provider, process = "login") => call("leave", provider, process),
    /** Gives the browser an authenticator: one that keeps passkeys and knows its user, unless told otherwise. */
    async addAuthenticator(options = {}) {
      const authenticator = {
        protocol: "ctap2",
        transport: "internal",
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        ...options,
      };
      return (await devtools.send("WebAuthn.addVirtualAuthenticator", { options: authenticator })).authenticatorId;
    },
    /** The keys that an authenticator holds. */
    async keys(authenticatorId) {
      return (await devtools.send("WebAuthn.getCredentials", { authenticatorId })).credentials;
    },
  };
}
