// A stack, a frontend at another origin, and a browser in front of it.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { DEPLOYED, deployedStack, startStack } from "./stack.js";

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

/** Starts the browser. */
export const launch = () => chromium.launch({ executablePath: CHROMIUM, args: FLAGS });

/** Starts everything, with settings of the API, which a deployment must have; `stop` it in the end. */
export async function start(settings = {}) {
  const frontend = DEPLOYED ? { origin: DEPLOYED, close() {} } : await serveFrontend();
  const { origin } = frontend;
  const stack = DEPLOYED
    ? deployedStack()
    : await startStack({ FRONTEND_URL: origin, CSRF_TRUSTED_ORIGINS: origin, ...settings });
  return open(frontend, origin, stack);
}

/** The same with frontend and API behind one origin, as CloudFront makes it. */
export async function startBehindProxy(settings = {}) {
  const frontend = await serveFrontend();
  const stack = await startStack(settings, [`--behind-proxy=${frontend.origin}`]);
  return open(frontend, stack.public, { ...stack, api: stack.public, bypass: stack.api });
}

async function open(frontend, origin, stack) {
  const browser = await launch();
  return {
    ...stack,
    /** Opens the frontend, as somebody who was never here before. */
    visit: () => visit(browser, `${origin}/?api=${stack.api}`),
    async stop() {
      await browser.close();
      await stack.stop();
      frontend.close();
    },
  };
}

/** Serves the folder `frontend` at a port of its own. */
async function serveFrontend() {
  const server = createServer(async ({ url }, response) => {
    const { status, body, contentType } = await frontendFile(new URL(url, "http://localhost"));
    response.writeHead(status, { "content-type": contentType }).end(body);
  });
  await new Promise((resolve) => server.listen(0, "localhost", resolve));
  return { close: () => server.close(), origin: `http://localhost:${server.address().port}` };
}

/** What the frontend answers to this URL. */
async function frontendFile({ pathname }) {
  // Every page is the same one.
  const name = pathname.includes(".") ? pathname.slice(1) : "index.html";
  try {
    const body = await readFile(join(import.meta.dirname, "frontend", name));
    return { status: 200, body, contentType: TYPES[name.slice(name.lastIndexOf("."))] };
  } catch {
    return { status: 404, body: "", contentType: "text/plain" };
  }
}

/** Whether the frontend answers here, of a deployment that has both under one host. */
const isFrontend = ({ origin, pathname }) =>
  origin === DEPLOYED && !/^\/(_allauth|accounts|\.well-known)\//.test(pathname);

/** A page of the frontend, and the browser's own authenticator. */
async function visit(browser, url) {
  const context = await browser.newContext();
  if (DEPLOYED) await context.route(isFrontend, async (route) => route.fulfill(await frontendFile(new URL(route.request().url()))));
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
