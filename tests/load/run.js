// Load: many clients at once go through journeys of an account with a local stack, over HTTP, for as long as is wished.
// Fails on any answer but those that a journey expects, if memory grows, and if a limit lets one more through.
//
//   VESTIBULE=PROGRAM node tests/load/run.js [SECONDS [CLIENTS]]
//
// Needs Linux, as memory is read from /proc, and Node.js 20; nothing else.

import { readFile } from "node:fs/promises";
import { Agent, request } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { startStack } from "../clients/stack.js";

const [SECONDS, CLIENTS] = [Number(process.argv[2] ?? 60), Number(process.argv[3] ?? 200)];
const PASSWORDS = ["correct-horse-battery", "battery-horse-correct"];
/** How many wrong passwords of one email address are looked at: the default of `login_failed`. */
const GUESSES = 5;
/** By how many MiB memory may grow from the middle of a run to its end: what is kept of accounts is in memory, too. */
const MOST_GROWTH = 32;
/** How long clients rest before it is measured, in milliseconds. */
const REST = 1000;

// All limits are the defaults, but for the one that all mails of an hour share.
const SETTINGS = {
  ACCOUNT_EMAIL_VERIFICATION: "mandatory",
  ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED: "true",
  ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED: "true",
  ACCOUNT_DELETION_ENABLED: "true",
  MAIL_RATE_LIMIT_TOTAL: "1000000/h",
  // The IP address is what a client says.
  ALLAUTH_TRUSTED_PROXY_COUNT: "2",
  // The C library gives the memory of a hash back at once, 19 MiB. Otherwise it keeps some of each thread's, more by and
  // by, which would be measured in place of what the program keeps.
  MALLOC_MMAP_THRESHOLD_: "1048576",
};

/** What an answer was that a journey does not expect. */
class Unexpected extends Error {}

/** One client: its email address, its IP address, its cookies or its token. It takes over the connection of another. */
class Client {
  constructor(world, agent = new Agent({ keepAlive: true, maxSockets: 1 })) {
    const number = (world.clients += 1);
    const kind = number % 2 ? "app" : "browser";
    Object.assign(this, { world, agent, kind, email: `client${number}@example.com`, cookies: new Map() });
    this.ip = `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`;
  }

  headers() {
    const headers = { "content-type": "application/json", "x-forwarded-for": this.ip };
    if (this.token) headers["x-session-token"] = this.token;
    if (this.cookies.size) headers.cookie = [...this.cookies].map((pair) => pair.join("=")).join("; ");
    if (this.cookies.has("csrftoken")) headers["x-csrftoken"] = this.cookies.get("csrftoken");
    return headers;
  }

  /** The answer to a request, whatever it is. */
  ask(method, path, body) {
    const url = `${this.world.stack.api}/_allauth/${this.kind}/v1/${path}`;
    const began = performance.now();
    return new Promise((resolve, reject) => {
      const call = request(url, { method, agent: this.agent, headers: this.headers() }, async (response) => {
        let text = "";
        for await (const part of response.setEncoding("utf8")) text += part;
        this.world.count(`${method} ${path}`, response.statusCode, performance.now() - began);
        this.keep(response.headers, text);
        resolve({ status: response.statusCode, text, headers: response.headers });
      });
      call.on("error", reject).end(body && JSON.stringify(body));
    });
  }

  keep(headers, text) {
    for (const cookie of headers["set-cookie"] ?? []) {
      const [, name, value] = cookie.match(/^([^=]+)=([^;]*)/);
      if (value) this.cookies.set(name, value);
      else this.cookies.delete(name);
    }
    if (this.kind === "app" && text.includes("session_token")) this.token = JSON.parse(text).meta.session_token;
  }

  /** The same, of this status. */
  async expect(status, method, path, body) {
    const answer = await this.ask(method, path, body);
    if (answer.status === status) return answer;
    throw new Unexpected(`${this.kind} ${this.ip}: ${method} ${path}: ${answer.status}, not ${status}: ${answer.text}`);
  }

  /** Browsers get their CSRF token. */
  async arrive() {
    await this.expect(200, "GET", "config");
    await this.expect(401, "GET", "auth/session");
  }

  async signUp() {
    await this.expect(401, "POST", "auth/signup", { email: this.email, password: PASSWORDS[0] });
    await this.expect(200, "POST", "auth/email/verify", { key: await this.world.code(this.email) });
  }

  async logOut() {
    await this.expect(401, "DELETE", "auth/session");
    this.token = undefined;
  }

  /** Sign-up, session, logout, login with a wrong and the right password, reset, and deletion of the account. */
  async journey() {
    const { email, world } = this;
    const [old, fresh] = PASSWORDS;
    await this.arrive();
    await this.signUp();
    await this.expect(200, "GET", "auth/session");
    await this.expect(200, "GET", "account/email");
    await this.logOut();
    await this.expect(400, "POST", "auth/login", { email, password: fresh });
    await this.expect(200, "POST", "auth/login", { email, password: old });
    await this.logOut();
    await this.expect(401, "POST", "auth/password/request", { email });
    await this.expect(401, "POST", "auth/password/reset", { key: await world.code(email), password: fresh });
    await this.expect(200, "POST", "auth/login", { email, password: fresh });
    await this.expect(200, "GET", "auth/session");
    await this.expect(200, "POST", "auth/reauthenticate", { password: fresh });
    await this.expect(200, "DELETE", "account");
    this.token = undefined;
  }
}

/** The stack, its mail, and what was measured. */
class World {
  answers = new Map();
  times = [];
  waiting = new Map();
  clients = 0;
  journeys = 0;

  constructor(stack) {
    this.stack = stack;
  }

  count(asked, status, milliseconds) {
    const name = `${status} ${asked}`;
    this.answers.set(name, (this.answers.get(name) ?? 0) + 1);
    this.times.push(milliseconds);
  }

  /** The code of the next mail to this email address. */
  code(email) {
    return new Promise((resolve) => this.waiting.set(email, resolve));
  }

  /** Gives mails to those who wait for them, and removes them, until it is aborted. */
  async deliver(signal) {
    const url = `${this.stack.inbox}/api/v1/message`;
    while (!signal.aborted) {
      const { messages } = await (await fetch(`${url}s?limit=1000`)).json();
      const wanted = messages.filter(({ To }) => this.waiting.has(To[0].Address));
      for (const { ID, To } of wanted) {
        const code = (await (await fetch(`${url}/${ID}`)).json()).Text.match(/^[A-Z0-9-]{6,}$/m)?.[0];
        if (!code) continue;
        this.waiting.get(To[0].Address)(code);
        this.waiting.delete(To[0].Address);
      }
      const IDs = wanted.map(({ ID }) => ID);
      if (IDs.length) await fetch(`${url}s`, { method: "DELETE", body: JSON.stringify({ IDs }) });
      await pause(50);
    }
  }

  /** The memory of the stack, in MiB. */
  async memory() {
    const { process: id } = JSON.parse(await readFile(`${this.stack.data}/endpoints.json`, "utf8"));
    const status = await readFile(`/proc/${id}/status`, "utf8");
    return Number(status.match(/^VmRSS:\s+(\d+)/m)[1]) / 1024;
  }

  report(seconds, memory) {
    const times = this.times.sort((a, b) => a - b);
    const at = (share) => `${times[Math.floor((times.length - 1) * share)].toFixed(0)} ms`;
    for (const [name, count] of [...this.answers].sort()) console.log(`  ${String(count).padStart(7)}  ${name}`);
    console.log(`${this.journeys} journeys, ${times.length} requests in ${seconds.toFixed(0)} s: ` +
      `${(times.length / seconds).toFixed(0)} a second; half within ${at(0.5)}, 95 % ${at(0.95)}, 99 % ${at(0.99)}`);
    console.log(`memory after the first and the second half: ${memory.map((mib) => `${mib.toFixed(0)} MiB`).join(", ")}`);
  }
}

function check(holds, what) {
  if (!holds) throw new Unexpected(what);
}

/** Clients go through journeys until the time is up, and end the last one: so many at once, each followed by another. */
async function journeys(world, seconds) {
  const end = performance.now() + seconds * 1000;
  let failed;
  const go = async () => {
    for (let client = new Client(world); performance.now() < end && !failed; client = new Client(world, client.agent)) {
      await client.journey();
      world.journeys += 1;
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, () => go().catch((error) => (failed ??= error))));
  if (failed) throw failed;
}

/** Two rounds of journeys; the second needs no more memory than the first, once all is quiet. */
async function load(world) {
  const began = performance.now();
  const memory = [];
  for (let round = 1; round <= 2; round += 1) {
    await journeys(world, SECONDS / 2);
    await pause(REST);
    memory.push(await world.memory());
  }
  world.report((performance.now() - began - 2 * REST) / 1000, memory);
  check(memory[1] <= memory[0] + MOST_GROWTH, `memory grew by more than ${MOST_GROWTH} MiB`);
}

/** The answer, after as many conflicts as there are: 503 says that nothing was changed, and when to come again. */
async function settled(client, method, path, body) {
  for (;;) {
    const answer = await client.ask(method, path, body);
    if (answer.status !== 503) return answer;
    check(answer.headers["retry-after"], `503 without Retry-After: ${path}`);
    await pause(Number(answer.headers["retry-after"]) * 1000);
  }
}

/** All clients guess one password at once: as many guesses are looked at as are allowed. */
async function guesses(world, victim, clients) {
  const { email } = victim;
  const guess = (client) => settled(client, "POST", "auth/login", { email, password: PASSWORDS[1] });
  const codes = (await Promise.all(clients.map(guess))).map(({ text }) => JSON.parse(text).errors[0].code);
  const counted = codes.filter((code) => code === "email_password_mismatch").length;
  const refused = codes.filter((code) => code === "too_many_login_attempts").length;
  console.log(`${clients.length} guesses at once: ${counted} were looked at, ${refused} refused`);
  check(counted === GUESSES && counted + refused === clients.length, `not ${GUESSES} guesses: ${codes}`);
  const owner = await settled(victim, "POST", "auth/login", { email, password: PASSWORDS[0] });
  check(owner.text.includes("too_many_login_attempts"), "the right password is refused as well");
}

/** The same session, as often as there are clients, resets a password with one code at once: it counts once. */
async function resets(world, victim, clients) {
  const { email, kind } = victim;
  await victim.expect(401, "POST", "auth/password/request", { email });
  const reset = { key: await world.code(email), password: PASSWORDS[1] };
  for (const client of clients) Object.assign(client, { kind, token: victim.token, cookies: new Map(victim.cookies) });
  const answers = await Promise.all(clients.map((client) => settled(client, "POST", "auth/password/reset", reset)));
  const succeeded = answers.filter(({ status }) => status === 401).length;
  console.log(`${clients.length} resets with one code at once: ${succeeded} succeeded`);
  check(succeeded === 1, `one code reset ${succeeded} times`);
}

async function limits(world) {
  const victim = new Client(world);
  const clients = Array.from({ length: CLIENTS }, () => new Client(world));
  await Promise.all([victim, ...clients].map((client) => client.arrive()));
  await victim.signUp();
  await victim.logOut();
  await guesses(world, victim, clients);
  await resets(world, victim, clients);
}

if (!(SECONDS > 0 && CLIENTS > GUESSES)) {
  console.error(`load: run.js [SECONDS [CLIENTS]], with more than ${GUESSES} clients: of fewer none would be refused`);
  process.exit(2);
}
const stack = await startStack(SETTINGS, ["--no-playground", "--no-console"]);
const done = new AbortController();
try {
  const world = new World(stack);
  const mail = world.deliver(done.signal);
  await Promise.race([mail, load(world)]);
  await Promise.race([mail, limits(world)]);
  done.abort();
  await mail;
} catch (error) {
  console.error((await stack.logged(/./)).split("\n").filter((line) => / ERROR /.test(line)).slice(-20).join("\n"));
  console.error(error instanceof Unexpected ? `load: ${error.message}` : error);
  process.exitCode = 1;
} finally {
  done.abort();
  await stack.stop();
}
