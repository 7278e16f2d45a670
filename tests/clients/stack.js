// `vestibule serve`, as a program of its own.

import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

const PROGRAM = process.env.VESTIBULE;

/** Starts `vestibule serve` at free ports, with data that is forgotten. */
export async function startStack(settings = {}) {
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
    /** The last mail to this address, once there is one. */
    async mail(address) {
      for (let tries = 0; tries < 250; tries += 1) {
        const list = await json(`${inbox}/api/v1/messages`);
        const message = list.messages.find(({ To }) => To[0].Address === address);
        if (message) return json(`${inbox}/api/v1/message/${message.ID}`);
        await pause(20);
      }
      throw new Error(`no mail to ${address}`);
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
