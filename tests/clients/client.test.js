// The package in clients/typescript, as others get it: packed, installed into an empty project, compiled there, and
// calling a stack as a browser and as an app.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { launch } from "./browser.js";
import { startStack } from "./stack.js";
import { totp } from "./totp.js";

const TOOLS = join(import.meta.dirname, "node_modules/.bin");
const PACKAGE = join(import.meta.dirname, "../../clients/typescript");
const PASSWORD = "correct-horse-battery";
const STEPS = ["password_too_short", "verify_email", "EMAIL", "true", "totp", "401", "mfa_authenticate", "password,mfa", "200"];

const INSTALLED = "node_modules/@vestibule/client/dist/index.js";
const INDEX = `<!doctype html><title>A page</title>
<script type="importmap">{"imports": {"@vestibule/client": "/${INSTALLED}"}}</script>`;

let project;
let frontend;
let stack;

before(async () => {
  project = await mkdtemp(join(tmpdir(), "vestibule-client-"));
  frontend = await serve();
  stack = await startStack({
    CSRF_TRUSTED_ORIGINS: frontend.origin,
    HEADLESS_SERVE_SPECIFICATION: "true",
    HEADLESS_TOKEN_STRATEGY: "jwt",
    // Always older than what may be given out: each access token is a new one.
    HEADLESS_JWT_ACCESS_TOKEN_EXPIRES_IN: "9",
    ACCOUNT_EMAIL_VERIFICATION: "mandatory",
    ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED: "true",
    // A code is accepted once: the second one is of the next half minute.
    MFA_TOTP_TOLERANCE: "1",
    ACCOUNT_LOGIN_METHODS: "email",
    ACCOUNT_SIGNUP_FIELDS: "email*,password1*",
    ACCOUNT_PROFILE_FIELDS: JSON.stringify({ color: { type: "choice", choices: ["red", "blue"] } }),
  });
});

after(async () => {
  await stack?.stop();
  frontend?.close();
  await rm(project, { recursive: true });
});

/** Serves the modules of the project, and a page. */
async function serve() {
  const server = createServer(async ({ url }, response) => {
    const isModule = url.endsWith(".js");
    const body = isModule ? await readFile(join(project, url)) : INDEX;
    response.writeHead(200, { "content-type": isModule ? "text/javascript" : "text/html" }).end(body);
  });
  await new Promise((resolve) => server.listen(0, "localhost", resolve));
  return { close: () => server.close(), origin: `http://localhost:${server.address().port}` };
}

/** Runs a program in the project. */
async function run(program, ...words) {
  const options = { cwd: project, env: { ...process.env, PATH: `${TOOLS}${delimiter}${process.env.PATH}` } };
  const { stdout } = await promisify(execFile)(program, words, options).catch(({ stdout, stderr }) => assert.fail(stdout + stderr));
  return stdout;
}

/** Somebody with a mailbox and an authenticator app. */
function person(name) {
  const email = stack.email(name);
  return { email, password: PASSWORD, mailedCode: () => stack.code(email), appCode: async (secret, steps) => totp(secret, steps) };
}

const expected = ({ email }) => STEPS.map((step) => (step === "EMAIL" ? email : step));

/** The samples of the package's README, with what they take for granted. */
async function readmeSamples() {
  const text = await readFile(join(PACKAGE, "README.md"), "utf8");
  const granted = `import type { TokenStorage } from "@vestibule/client";
declare const email: string, password: string, token: string, storage: TokenStorage;
declare function show(user: object): void;
declare function continueWith(flow: object | undefined): void;
declare function showBeside(field: string, errors: object[]): void;
`;
  const client = 'import { browserClient, useCredential } from "@vestibule/client";\nconst { send } = browserClient();\n';
  return [...text.matchAll(/^ *```ts\n(.*?)^ *```$/gms)].map(([, code]) => {
    const known = code.includes("browserClient<") ? 'import { browserClient } from "@vestibule/client";\n' : client;
    return granted + (/^import \{/.test(code) ? "" : known) + code.replace("./accounts.js", "./deployment.js");
  });
}

test("the package installs into an empty project, and compiles there under strict rules", async () => {
  const packed = JSON.parse(await run("npm", "pack", PACKAGE, "--json", "--silent"));
  const names = packed[0].files.map(({ path }) => path);
  assert.ok(names.includes("README.md") && names.includes("dist/api.d.ts") && !names.some((name) => name.startsWith("src/")), `${names}`);
  await writeFile(join(project, "package.json"), '{"type": "module", "private": true}');
  await run("npm", "install", "--offline", "--no-audit", "--no-fund", "--silent", packed[0].filename);
  assert.equal((await run("npm", "ls", "--all", "--parseable")).trim().split("\n").length, 2, "it has no dependencies");

  await run(join(project, "node_modules/.bin/vestibule-types"), `${stack.api}/_allauth/openapi.json`, "deployment.ts");
  await cp(join(import.meta.dirname, "client"), project, { recursive: true });
  const samples = await readmeSamples();
  assert.ok(samples.length > 3, "the README's samples compile as well");
  for (const [at, code] of samples.entries()) await writeFile(join(project, `sample${at}.ts`), code);
  await Promise.all([
    run("tsc", "--module", "nodenext", "--noEmit"),
    run("tsc", "--module", "esnext", "--moduleResolution", "bundler"),
  ]);
});

test("a description that cannot be read is said", async () => {
  const program = join(project, "node_modules/.bin/vestibule-types");
  const types = (...words) => promisify(execFile)(program, words, { cwd: project }).then(() => "", ({ stderr }) => stderr);
  assert.match(await types(), /usage: vestibule-types DESCRIPTION/);
  assert.match(await types(`${stack.api}/nowhere.json`), /answers 404; HEADLESS_SERVE_SPECIFICATION=true/);
  assert.match(await types("package.json"), /is no OpenAPI description/);
});

test("an app keeps its tokens, and gets access tokens that are good", async () => {
  const { appClient } = await import(join(project, INSTALLED));
  const { journey } = await import(join(project, "built/journey.js"));
  let tokens = {};
  const storage = { load: () => tokens, save: (latest) => (tokens = latest) };
  const sent = [];
  const client = appClient({ url: `${stack.api}/_allauth`, storage, onAnswer: ({ url }) => sent.push(url) });
  const ann = person("app");
  assert.deepEqual(await journey(client, ann), expected(ann));

  const before = tokens;
  sent.length = 0;
  const issued = await Promise.all([client.accessToken(), client.accessToken(), client.accessToken()]);
  assert.deepEqual([new Set(issued).size, sent.length], [1, 1], "who asks meanwhile waits for the same refresh");
  assert.notEqual(issued[0], before.access);
  assert.notEqual(tokens.refresh, before.refresh, "the refresh token is single-use");
  const bearer = await fetch(`${stack.api}/_allauth/app/v1/auth/session`, { headers: { authorization: `Bearer ${issued[0]}` } });
  assert.equal(bearer.status, 200);

  await client.send("DELETE", "auth/session");
  assert.deepEqual(tokens, {});
  assert.equal(await client.accessToken(), undefined);
  tokens = before;
  assert.equal((await client.send("GET", "auth/session")).status, 410, "of a session that has ended");
  assert.deepEqual(tokens, {});
  tokens = { refresh: before.refresh };
  assert.equal(await client.accessToken(), undefined);
  assert.deepEqual(tokens, {}, "a refresh token that is no longer good");
});

test("a browser does the same with cookies, from another origin", async () => {
  const browser = await launch();
  const page = await (await browser.newContext()).newPage();
  try {
    const ann = person("browser");
    await page.exposeFunction("mailedCode", ann.mailedCode);
    await page.exposeFunction("appCode", ann.appCode);
    const drive = async ([url, { email, password }]) => {
      const { browserClient } = await import("@vestibule/client");
      const { journey } = await import("/built/journey.js");
      const { mailedCode, appCode } = window;
      return journey(browserClient({ url }), { email, password, mailedCode, appCode });
    };
    await page.goto(frontend.origin);
    assert.deepEqual(await page.evaluate(drive, [`${stack.api}/_allauth`, { email: ann.email, password: ann.password }]), expected(ann));
    const cookies = (await page.context().cookies()).map(({ name, httpOnly }) => `${name} ${httpOnly}`).sort();
    assert.deepEqual(cookies, ["csrftoken false", "sessionid true"]);
  } finally {
    await browser.close();
  }
});

test("an API that does not answer is an error that says why", async () => {
  const { browserClient } = await import(join(project, INSTALLED));
  await assert.rejects(browserClient({ url: "http://localhost:1/_allauth" }).send("GET", "config"), /http:\/\/localhost:1 does not answer/);
});
