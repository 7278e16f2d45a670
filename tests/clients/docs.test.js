// The documents: links lead somewhere, the index has all of them, and samples are as the description says.

import assert from "node:assert/strict";
import { readdir, readFile, stat } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";

const REPOSITORY = join(import.meta.dirname, "../..");
const read = (path) => readFile(join(REPOSITORY, path), "utf8");

/** The documents that people read, by their paths. */
async function documents() {
  const docs = (await readdir(join(REPOSITORY, "docs"))).filter((name) => name.endsWith(".md")).map((name) => `docs/${name}`);
  return [...docs, "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "clients/typescript/README.md"];
}

/** The text without code. */
const prose = (text) => text.replaceAll(/^ *```.*?^ *```$/gms, "").replaceAll(/`[^`]*`/g, (code) => code.replaceAll(/[[\]()]/g, "_"));

/** The anchors of a document: its headings, as they are named in links. */
function anchors(text) {
  const headings = [...prose(text).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading);
  return headings.map((heading) => heading.toLowerCase().replaceAll(/[^\p{L}\p{N}_ -]/gu, "").replaceAll(" ", "-"));
}

test("every link leads somewhere", async () => {
  const broken = [];
  let links = 0;
  for (const path of await documents()) {
    for (const [, target] of prose(await read(path)).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target)) continue;
      links += 1;
      const [file, anchor] = target.split("#");
      const whole = file ? relative(REPOSITORY, join(REPOSITORY, dirname(path), file)) : path;
      const exists = await stat(join(REPOSITORY, whole)).then(() => true, () => false);
      if (!exists || (anchor && !anchors(await read(whole)).includes(anchor))) broken.push(`${path}: ${target}`);
    }
  }
  assert.deepEqual(broken, []);
  assert.ok(links > 100, `${links}`);
});

test("the index has every document", async () => {
  const index = await read("docs/README.md");
  const missing = (await documents()).filter((path) => path.startsWith("docs/") && path !== "docs/README.md" && !index.includes(`(${path.slice(5)})`));
  assert.deepEqual(missing, []);
});

test("the sample of the export has every member, and no other", async () => {
  const { components } = JSON.parse(await read("docs/openapi.json"));
  const [, sample] = (await read("docs/privacy.md")).match(/^```json\n(.*?)^```$/ms);
  const { data } = JSON.parse(sample);
  const members = (schema) => Object.entries(components.schemas[schema].properties).filter(([, property]) => !property["x-when"]);
  const assertMembers = (value, schema) => assert.deepEqual(Object.keys(value).sort(), members(schema).map(([name]) => name).sort(), schema);
  assertMembers(data, "Export");
  assertMembers(data.account, "ExportedAccount");
  assertMembers(data.social_accounts[0], "ExportedSocialAccount");
  assertMembers(data.sessions[0], "ExportedSession");
  assertMembers(data.sessions[0].login, "ExportedLogin");
});
