// A stack, a frontend at another origin, and a browser in front of it.

import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { chromium } from "playwright-core";

const PROGRAM = process.env.VESTIBULE;
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

/** Starts `vestibule serve` at free ports, with data that is forgotten. */
async function startStack(settings) {
  const data = await mkdtemp(join(tmpdir(), "vestibule-"));
  const ports = ["--port=0", "--inbox-port=0", "--dynamodb-port=0"];
  const program = spawn(PROGRAM, ["serve", "--ephemeral", "--data-dir", data, ...ports], {
    env: { ...process.env, ...settings },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let log = "";
  program.stderr.setEncoding("utf8").on("data", (text) => (log += text));
  const ended = new Promise((resolve) => program.once("exit", resolve));
  const { api, inbox } = await endpoints(join(data, "endpoints.json"), program, () => log);
  return {
    // Cookies and keys are for a name, not for an address.
    api: api.replace("127.0.0.1", "localhost"),
    /** The last mail to this address. */
    async mail(address) {
      const list = await json(`${inbox}/api/v1/messages`);
      const message = list.messages.find(({ To }) => To[0].Address === address);
      return json(`${inbox}/api/v1/message/${message.ID}`);
    },
    /** The code in the last mail to this address. */
    async code(address) {
      return (await this.mail(address)).Text.match(/^[A-Z0-9-]{6,}$/m)[0];
    },
    /** Forgets what was logged. */
    forgetLog() {
      log = "";
    },
    /** Waits until something like this is logged; resolves to all that was logged by then. */
    async logged(pattern) {
      for (let tries = 0; tries < 250 && !pattern.test(log); tries += 1) await pause(20);
      if (!pattern.test(log)) throw new Error(`${pattern} is not logged, but:\n${log}`);
      return log;
    },
    async stop() {
      program.kill();
      await ended;
      await rm(data, { recursive: true });
    },
  };
}

async function endpoints(file, program, log) {
  for (;;) {
    if (program.exitCode !== null) throw new Error(`${PROGRAM} ended with ${program.exitCode}:\n${log()}`);
    const text = await readFile(file, "utf8").catch(() => "");
    if (text.endsWith("}\n") || text.endsWith("}")) return JSON.parse(text);
    await pause(50);
  }
}

async function json(url) {
  return (await fetch(url)).json();
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
