// Requests that schemathesis makes of the description that a deployment serves, and of the one that allauth publishes.
// SEED makes others.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { startStack } from "./stack.js";

const PYTHON = process.env.PYTHON;
const FOLDER = join(import.meta.dirname, "description");

let stack;
let scratch;

before(async () => {
  scratch = await mkdtemp(join(tmpdir(), "description-"));
  stack = await startStack({
    HEADLESS_SERVE_SPECIFICATION: "true",
    HEADLESS_TOKEN_STRATEGY: "jwt",
    ACCOUNT_EMAIL_VERIFICATION: "none",
    ACCOUNT_LOGIN_BY_CODE_ENABLED: "true",
    ACCOUNT_DELETION_ENABLED: "true",
    ACCOUNT_PROFILE_FIELDS: JSON.stringify({ nick: { type: "text" }, news: { type: "boolean" } }),
    // What is limited answers 429, and no more.
    ACCOUNT_RATE_LIMITS: "false",
    MFA_RATE_LIMITS: "false",
  });
});

after(async () => {
  await stack?.stop();
  await rm(scratch, { recursive: true, force: true });
});

const python = (environment, ...words) =>
  promisify(execFile)(PYTHON, words, { cwd: scratch, env: { ...process.env, NO_COLOR: "1", ...environment } })
    .catch(({ stdout, stderr }) => assert.fail(stdout + stderr));

/** Sends what can be made of a description; returns how many requests were answered as they must. */
async function answers(environment, ...words) {
  const config = join(FOLDER, "schemathesis.toml");
  const hooks = { API: stack.api, PYTHONPATH: FOLDER, SCHEMATHESIS_HOOKS: "hooks", ...environment };
  const { stdout } = await python(hooks, "-m", "schemathesis.cli", "--config-file", config, "run", "--no-color", "--continue-on-failure",
    `--seed=${process.env.SEED ?? 1}`, ...words);
  return Number(stdout.match(/(\d+) generated, \1 passed/)?.[1] ?? assert.fail(stdout));
}

const upstream = async () => {
  const find = "import importlib.util; print(importlib.util.find_spec('allauth').submodule_search_locations[0])";
  return join((await python({}, "-c", find)).stdout.trim(), "headless/spec/doc/openapi.yaml");
};

for (const [who, environment] of [["anonymous", {}], ["logged in", { LOGGED_IN: "true" }]]) {
  test(`its own description, all checks, ${who}`, async () => {
    // The page that stands in for a provider is no part of a deployment.
    const own = [`${stack.api}/_allauth/openapi.json`, "--exclude-path=/accounts/dummy/authenticate/", "--max-examples=5"];
    assert.ok((await answers(environment, ...own)) > 1000);
  });

  test(`the description of allauth, no 5xx, ${who}`, async () => {
    const theirs = [await upstream(), `--url=${stack.api}`, "--checks=not_a_server_error", "--max-examples=3"];
    assert.ok((await answers(environment, ...theirs)) > 1000);
  });
}
