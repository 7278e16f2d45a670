// The backends in examples/, called with proofs of every kind: good, expired, foreign and revoked ones.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { createServer, request as ask } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { decodeJwt, exportJWK, exportSPKI, generateKeyPair, SignJWT, UnsecuredJWT } from "jose";
import { freePort, startStack } from "./stack.js";

const EXAMPLES = join(import.meta.dirname, "../../examples");
const GO = join(tmpdir(), `guarded-go-${process.pid}`);
/** How each example is started; `build` goes before. */
const BACKENDS = {
  fastapi: { command: (port) => [process.env.PYTHON, "-m", "uvicorn", "main:app", "--log-level=warning", "--port", port] },
  express: { command: () => [process.execPath, "main.js"] },
  go: { command: () => [GO], build: ["go", "build", "-o", GO, "."] },
  axum: { command: () => [join(dirname(process.env.VESTIBULE), "guarded-axum")] },
};
const PASSWORD = "correct-horse-battery";
const AUDIENCE = "orders";
const ORIGIN = "https://app.example.com";
const SETTINGS = { AUDIENCE, ORIGINS: ORIGIN, SESSION_SECONDS: "5", PAUSE_SECONDS: "1" };

let vestibule;
let stack;
let own;

before(async () => {
  vestibule = await serveIssuer();
  own = await generateKeyPair("RS256", { extractable: true });
  vestibule.keys.push(await published(own, "own"));
  stack = await startStack({
    HEADLESS_TOKEN_STRATEGY: "jwt",
    HEADLESS_JWT_AUDIENCE: AUDIENCE,
    HEADLESS_JWT_ISSUER: vestibule.url,
    ACCOUNT_EMAIL_VERIFICATION: "none",
    ACCOUNT_RATE_LIMITS: "false",
  });
  vestibule.target = stack.api;
});

after(async () => {
  await stack?.stop();
  vestibule?.close();
});

/** The URL of Vestibule for the examples: the stack, with more keys among the published ones, and times without an answer. */
async function serveIssuer() {
  const issuer = { keys: [], reads: 0, questions: 0, isAway: false, target: undefined };
  const server = createServer(async (request, response) => {
    if (issuer.isAway) return response.destroy();
    if (request.url !== "/.well-known/jwks.json") {
      issuer.questions += 1;
      const passed = ask(issuer.target + request.url, { headers: request.headers }, (answer) => {
        response.writeHead(answer.statusCode, answer.headers);
        answer.pipe(response);
      });
      return passed.end();
    }
    issuer.reads += 1;
    const { keys } = await (await fetch(issuer.target + request.url)).json();
    return response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ keys: [...keys, ...issuer.keys] }));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return Object.assign(issuer, { url: `http://127.0.0.1:${server.address().port}`, close: () => server.close() });
}

const published = async ({ publicKey }, kid) => ({ ...(await exportJWK(publicKey)), kid, alg: "RS256", use: "sig" });

/** A token as Vestibule might have made it, but for what is changed. */
function token({ key = own.privateKey, kid = "own", alg = "RS256", iss = vestibule.url, aud = AUDIENCE, exp = "5m" } = {}) {
  const made = new SignJWT({ sub: "somebody", token_use: "access" }).setProtectedHeader({ alg, kid }).setIssuer(iss).setAudience(aud);
  return (exp ? made.setExpirationTime(exp) : made).sign(key);
}

/** Somebody who has signed up, with an app and with a browser. */
async function signUp(name) {
  const account = { email: `${name}@example.com`, password: PASSWORD };
  const app = await call("app", "POST", "auth/signup", account);
  const { meta, data } = await app.json();
  const csrf = (await call("browser", "GET", "config")).headers.getSetCookie()[0].match(/csrftoken=([^;]+)/)[1];
  const headers = { cookie: `csrftoken=${csrf}`, "x-csrftoken": csrf };
  const login = await call("browser", "POST", "auth/login", account, headers);
  const cookie = login.headers.getSetCookie().find((each) => each.startsWith("sessionid=")).split(";")[0];
  return { id: data.user.id, access: meta.access_token, refresh: meta.refresh_token, session: meta.session_token, cookie, headers };
}

function call(client, method, path, body, headers = {}) {
  const json = body && { body: JSON.stringify(body) };
  return fetch(`${stack.api}/_allauth/${client}/v1/${path}`, { method, headers: { "content-type": "application/json", ...headers }, ...json });
}

/** Starts an example; resolves to how it is called. */
async function start(name) {
  const { command, build } = BACKENDS[name];
  const cwd = join(EXAMPLES, name);
  if (build) await promisify(execFile)(build[0], build.slice(1), { cwd });
  const port = await freePort();
  const [program, ...words] = command(`${port}`);
  const env = { ...process.env, ...SETTINGS, ISSUER: vestibule.url, PORT: `${port}` };
  const running = spawn(program, words, { cwd, env, stdio: ["ignore", "ignore", "inherit"] });
  const get = (path, headers = {}, method = "GET") => fetch(`http://127.0.0.1:${port}${path}`, { method, headers });
  for (;;) {
    if (running.exitCode !== null) throw new Error(`${name} ended with ${running.exitCode}`);
    if (await get("/").then(() => true, () => false)) break;
    await pause(50);
  }
  return {
    call: get,
    byToken: (token, path = "/by-token") => get(path, { authorization: `Bearer ${token}` }),
    stop: () => new Promise((resolve) => running.once("exit", resolve).kill()),
  };
}

/** Waits until something answers so. */
async function until(status, make) {
  for (let tries = 0; tries < 300; tries += 1) {
    if ((await make()).status === status) return;
    await pause(100);
  }
  assert.fail(`it never answers ${status}`);
}

async function assertGreets(answer, account) {
  assert.equal(answer.status, 200);
  assert.deepEqual(await answer.json(), { hello: account });
}

for (const name of Object.keys(BACKENDS)) {
  describe(name, () => {
    let backend;
    let ann;

    before(async () => {
      [backend, ann] = [await start(name), await signUp(name)];
    });
    after(() => backend?.stop());

    test("lets good proofs in", async () => {
      await assertGreets(await backend.byToken(ann.access), ann.id);
      await assertGreets(await backend.call("/by-session", { "x-session-token": ann.session }), ann.id);
      await assertGreets(await backend.call("/by-session", { cookie: `theme=dark; ${ann.cookie}` }), ann.id);
      await assertGreets(await backend.call("/by-session", { cookie: ann.cookie, origin: ORIGIN }, "POST"), ann.id);
    });

    test("refuses no proof, and proofs that are not Vestibule's", async () => {
      const other = await generateKeyPair("RS256", { extractable: true });
      const secret = new TextEncoder().encode(await exportSPKI(own.publicKey));
      const [header, , signature] = ann.access.split(".");
      const tokens = {
        none: "",
        garbage: "a.b.c",
        expired: await token({ exp: Math.floor(Date.now() / 1000) - 60 }),
        "without an expiry": await token({ exp: null }),
        "of another key": await token({ key: other.privateKey }),
        "of an unknown key": await token({ key: other.privateKey, kid: "other" }),
        "of another issuer": await token({ iss: "https://auth.example.net" }),
        "for another audience": await token({ aud: "invoices" }),
        "a refresh token": ann.refresh,
        "without a signature": new UnsecuredJWT({ sub: ann.id }).setIssuer(vestibule.url).setAudience(AUDIENCE).setExpirationTime("5m").encode(),
        "signed with the public key": await token({ key: secret, alg: "HS256" }),
        changed: [header, Buffer.from(JSON.stringify({ ...decodeJwt(ann.access), sub: "another" })).toString("base64url"), signature].join("."),
        "a session token": ann.session,
      };
      for (const [which, refused] of Object.entries(tokens)) {
        const answer = await backend.byToken(refused);
        assert.equal(answer.status, 401, `${which}: ${answer.status}`);
        assert.equal(answer.headers.get("www-authenticate"), "Bearer");
      }
      await assertGreets(await backend.byToken(await token()), "somebody");
      const sessions = [{}, { "x-session-token": `${ann.id}.guessed` }, { cookie: "sessionid=guessed" }, { cookie: "csrftoken=1" }];
      for (const headers of sessions) assert.equal((await backend.call("/by-session", headers)).status, 401, JSON.stringify(headers));
    });

    test("refuses what another site may have forged", async () => {
      const forged = [{}, { origin: "https://evil.example" }, { origin: "null" }, { origin: `${ORIGIN}.evil.example` }];
      for (const headers of forged) {
        assert.equal((await backend.call("/by-session", { cookie: ann.cookie, ...headers }, "POST")).status, 403, JSON.stringify(headers));
      }
    });

    test("reads keys seldom, and finds a new one", async () => {
      const before = vestibule.reads;
      for (let times = 0; times < 10; times += 1) assert.equal((await backend.byToken(ann.access)).status, 200);
      assert.equal(vestibule.reads, before);
      const next = await generateKeyPair("RS256", { extractable: true });
      const unknown = await token({ key: next.privateKey, kid: `next-${name}` });
      const answers = await Promise.all(Array.from({ length: 30 }, () => backend.byToken(unknown)));
      assert.deepEqual([...new Set(answers.map(({ status }) => status))], [401]);
      assert.ok(vestibule.reads - before < 20, `${vestibule.reads - before} times for 30 requests`);
      vestibule.keys.push(await published(next, `next-${name}`));
      await until(200, () => backend.byToken(unknown));
    });

    test("remembers a session for seconds only, and a token until it expires", async () => {
      const before = vestibule.questions;
      for (let times = 0; times < 10; times += 1) {
        assert.equal((await backend.call("/by-session", { "x-session-token": ann.session })).status, 200);
      }
      assert.ok(vestibule.questions - before < 10, `${vestibule.questions - before} questions for 10 requests`);
      await call("app", "DELETE", "auth/session", undefined, { "x-session-token": ann.session });
      await call("browser", "DELETE", "auth/session", undefined, { ...ann.headers, cookie: `${ann.headers.cookie}; ${ann.cookie}` });
      await until(401, () => backend.call("/by-session", { "x-session-token": ann.session }));
      await until(401, () => backend.call("/by-session", { cookie: ann.cookie }));
      assert.equal((await backend.byToken(ann.access)).status, 200);
    });

    test("says so while Vestibule does not answer, and goes on with the keys it knows", async () => {
      vestibule.isAway = true;
      try {
        const answer = await backend.call("/by-session", { "x-session-token": "unknown" });
        assert.deepEqual([answer.status, answer.headers.get("retry-after")], [503, "1"]);
        assert.equal((await backend.byToken(ann.access)).status, 200);
      } finally {
        vestibule.isAway = false;
      }
      await until(401, () => backend.call("/by-session", { "x-session-token": "unknown" }));
    });
  });
}
