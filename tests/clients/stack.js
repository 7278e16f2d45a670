// `vestibule serve`, as a program of its own, or a deployment that runs elsewhere.

import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

const PROGRAM = process.env.VESTIBULE;

/** The URL of a deployment that is tested in place of a stack, if there is one; VESTIBULE_INBOX reads its mail. */
export const DEPLOYED = process.env.VESTIBULE_API;

/** The deployment, in place of a stack. Its accounts stay, so that each test run has email addresses of its own. */
export function deployedStack() {
  const run = randomBytes(4).toString("hex");
  return {
    api: DEPLOYED,
    email: (name) => `${name}-${run}@${process.env.VESTIBULE_MAIL_DOMAIN}`,
    ...mails(process.env.VESTIBULE_INBOX, { tries: 60, every: 2000 }),
    async stop() {},
  };
}

/** What is read of an inbox with Mailpit's API. */
function mails(inbox, { tries, every }) {
  return {
    /** The last mail to this address whose text is like this, once there is one. */
    async mail(address, pattern = /./) {
      for (let tried = 0; tried < tries; tried += 1) {
        const { messages } = await json(`${inbox}/api/v1/messages`);
        for (const { ID, To } of messages) {
          if (To[0].Address !== address) continue;
          const message = await json(`${inbox}/api/v1/message/${ID}`);
          if (pattern.test(message.Text)) return message;
        }
        await pause(every);
      }
      throw new Error(`no mail to ${address} with ${pattern}`);
    },
    /** The code in the last mail to this address that has one. */
    async code(address) {
      const code = /^[A-Z0-9-]{6,}$/m;
      return (await this.mail(address, code)).Text.match(code)[0];
    },
  };
}

/** Starts `vestibule serve` at free ports, with data that is forgotten, and more arguments if given. */
export async function startStack(settings = {}, more = []) {
  const data = await mkdtemp(join(tmpdir(), "vestibule-"));
  const ports = ["--port=0", "--inbox-port=0", "--dynamodb-port=0", "--proxy-port=0", "--playground-port=0", "--console-port=0"];
  const program = spawn(PROGRAM, ["serve", "--ephemeral", "--data-dir", data, ...ports, ...more], {
    env: { ...process.env, ...settings },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  program.stderr.setEncoding("utf8").on("data", (text) => (log += text));
  const said = outputOf(program);
  const ended = new Promise((resolve) => program.once("exit", resolve));
  const { api, public: proxy, inbox, playground } = await endpoints(join(data, "endpoints.json"), program, () => log);
  return {
    // Cookies and keys are for a name, not for an address.
    api: api.replace("127.0.0.1", "localhost"),
    data,
    /** Frontend and API in one, with `--behind-proxy`. */
    public: proxy,
    said,
    inbox,
    playground,
    email: (name) => `${name}@example.com`,
    ...mails(inbox, { tries: 250, every: 20 }),
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

/** Starts `vestibule console` at a free port, with these variables alone. */
export async function startConsole(variables) {
  const program = spawn(PROGRAM, ["console", "--console-port=0"], { env: variables, stdio: ["ignore", "pipe", "inherit"] });
  const said = outputOf(program);
  const ended = new Promise((resolve) => program.once("exit", resolve));
  return {
    said,
    async stop() {
      program.kill();
      await ended;
    },
  };
}

/** Resolves to the first match in what a program prints, once there is one. */
function outputOf(program) {
  let output = "";
  program.stdout.setEncoding("utf8").on("data", (text) => (output += text));
  return async (pattern) => {
    for (let tries = 0; tries < 500 && !pattern.test(output); tries += 1) await pause(20);
    const match = output.match(pattern);
    if (!match) throw new Error(`${pattern} is not printed, but:\n${output}`);
    return match[0];
  };
}

/** A port that nothing listens to. */
export async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
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
