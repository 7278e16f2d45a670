// A TypeScript client, generated from the description that a deployment serves, and calling that deployment.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import openapiTypeScript, { astToString } from "openapi-typescript";
import { startStack } from "./stack.js";

const PASSWORD = "correct-horse-battery";
const EMAIL = "typed@example.com";
const FOLDER = join(import.meta.dirname, "typescript");
const GENERATED = join(FOLDER, "generated");

let stack;

before(async () => {
  stack = await startStack({
    HEADLESS_SERVE_SPECIFICATION: "true",
    HEADLESS_TOKEN_STRATEGY: "jwt",
    ACCOUNT_EMAIL_VERIFICATION: "mandatory",
    ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED: "true",
  });
});

after(() => stack?.stop());

/** Generates the client and compiles it, with what uses it. */
async function build() {
  await rm(GENERATED, { recursive: true, force: true });
  await mkdir(GENERATED);
  const types = await openapiTypeScript(new URL(`${stack.api}/_allauth/openapi.json`));
  await writeFile(join(GENERATED, "api.ts"), astToString(types));
  const compiler = join(import.meta.dirname, "node_modules/typescript/bin/tsc");
  await promisify(execFile)(process.execPath, [compiler, "--project", FOLDER]).catch(({ stdout }) => assert.fail(stdout));
  return import(join(GENERATED, "built/journey.js"));
}

test("a generated client compiles, and signs somebody up", async () => {
  const { connect } = await build();
  const client = connect(stack.api);
  assert.deepEqual((await client.config()).account.login_methods, ["email"]);
  assert.deepEqual(await client.refusedSignUp("typed@", "short"), [["email", "invalid"], ["password", "password_too_short"]]);
  assert.equal(await client.signUp(EMAIL, PASSWORD), "verify_email");

  const { data, meta } = await client.verify(await stack.code(EMAIL));
  assert.equal(data.user.email, EMAIL);
  assert.equal(data.user.has_usable_password, true);
  const own = [{ email: EMAIL, primary: true, verified: true }];
  assert.deepEqual(await client.emailAddresses(), own);

  const refreshed = await client.refresh(meta.refresh_token);
  assert.notEqual(refreshed.access_token, meta.access_token);
  assert.deepEqual(await client.emailAddresses(), own);
  assert.equal(await client.logOut(), 401);
  assert.equal(await client.emailAddresses(), undefined);
});
