// Clients that generators make of the description that a deployment serves, calling that deployment.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { createClient as heyApi } from "@hey-api/openapi-ts";
import { startStack } from "./stack.js";

const PASSWORD = "correct-horse-battery";
const EMAIL = "typed@example.com";
const PYTHON = process.env.PYTHON;
const FOLDER = join(import.meta.dirname, "typescript");
const GENERATED = join(FOLDER, "generated");

let stack;

before(async () => {
  stack = await startStack({
    HEADLESS_SERVE_SPECIFICATION: "true",
    HEADLESS_TOKEN_STRATEGY: "jwt",
    ACCOUNT_PROFILE_FIELDS: JSON.stringify({
      age: { type: "integer", min: 18 },
      born: { type: "date" },
      color: { type: "choice", choices: ["red", "blue"] },
      news: { type: "boolean" },
      nick: { type: "text", required: true },
      terms: { type: "consent", version: "1", required: true },
    }),
    CAPTCHA_PROVIDER: "turnstile",
    ACCOUNT_EMAIL_VERIFICATION: "mandatory",
    ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED: "true",
  });
  await generate();
});

after(() => stack?.stop());

const run = (program, ...words) =>
  promisify(execFile)(program, words, { cwd: GENERATED, env: { ...process.env, NO_COLOR: "1" } })
    .catch(({ stdout, stderr }) => assert.fail(stdout + stderr));
const tool = (name, ...words) => run(join(import.meta.dirname, "node_modules/.bin", name), ...words);

/** Generates the clients and compiles them, with what uses them. */
async function generate() {
  await rm(GENERATED, { recursive: true, force: true });
  await mkdir(GENERATED);
  const description = await fetch(`${stack.api}/_allauth/openapi.json`);
  await writeFile(join(GENERATED, "openapi.json"), await description.text());
  await Promise.all([
    tool("openapi-typescript", "openapi.json", "--output", "api.ts"),
    heyApi({
      input: join(GENERATED, "openapi.json"),
      output: { path: join(GENERATED, "hey-api"), module: { extension: ".js" } },
      plugins: ["@hey-api/client-fetch", "@hey-api/sdk", "@hey-api/typescript"],
      logs: { level: "silent" },
    }),
    tool("oazapfts", "openapi.json", "oazapfts.ts"),
    tool("swagger-typescript-api", "generate", "--path=openapi.json", "--output=.", "--name=swagger-typescript-api.ts"),
    run(PYTHON, "-m", "openapi_python_client", "generate", "--path=openapi.json", "--output-path=vestibule_client", "--meta=none"),
  ]);
  await Promise.all([tool("tsc", "--project", FOLDER), tool("tsc", "--project", join(FOLDER, "generators.json"))]);
}

const built = (name) => import(join(GENERATED, "built", name));

test("openapi-typescript and openapi-fetch", async () => {
  const { connect } = await built("journey.js");
  const client = connect(stack.api);
  assert.deepEqual((await client.config()).account.login_methods, ["email"]);
  assert.deepEqual(await client.refusedSignUp("typed@", "short"), [["email", "invalid"], ["password", "password_too_short"]]);
  assert.deepEqual(await client.refusedSignUp(EMAIL, PASSWORD, ""), [[undefined, "bot_check_failed"]]);
  assert.equal(await client.signUp(EMAIL, PASSWORD), "verify_email");

  const { data, meta } = await client.verify(await stack.code(EMAIL));
  assert.equal(data.user.email, EMAIL);
  assert.equal(data.user.has_usable_password, true);
  assert.deepEqual(await client.own(), { color: "red", nick: "Ann", agreedTo: "1" });
  const own = [{ email: EMAIL, primary: true, verified: true }];
  assert.deepEqual(await client.emailAddresses(), own);

  const refreshed = await client.refresh(meta.refresh_token);
  assert.notEqual(refreshed.access_token, meta.access_token);
  assert.deepEqual(await client.emailAddresses(), own);
  assert.equal(await client.logOut(), 401);
  assert.equal(await client.emailAddresses(), undefined);
});

for (const generator of ["hey-api", "oazapfts", "swagger-typescript-api"]) {
  test(generator, async () => {
    const { connect } = await built(`${generator}.js`);
    const client = connect(stack.api);
    const email = stack.email(generator);
    assert.equal(await client.emailAddresses(), undefined);
    assert.equal(await client.signUp(email, PASSWORD), "verify_email");
    assert.equal(await client.verify(await stack.code(email)), email);
    assert.deepEqual(await client.emailAddresses(), [email]);
    assert.equal(await client.logOut(), 401);
    assert.equal(await client.emailAddresses(), undefined);
  });
}

test("openapi-python-client", async () => {
  const email = stack.email("python");
  const { stdout } = await run(PYTHON, join(FOLDER, "../python/journey.py"), stack.api, stack.inbox, email, PASSWORD);
  assert.deepEqual(JSON.parse(stdout), ["verify_email", email, [email], 401, null]);
});
