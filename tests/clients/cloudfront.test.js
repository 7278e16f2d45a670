// The functions of infra/cloudfront.yaml, run as CloudFront runs them: with the event of a viewer request.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

const TEMPLATE = await readFile(join(import.meta.dirname, "../../infra/cloudfront.yaml"), "utf8");

/** The function of this logical name, with parameters in place of `${…}`. */
function load(name, parameters = {}) {
  const resource = TEMPLATE.split(`\n  ${name}:\n`)[1];
  const [, indent, code] = resource.match(/FunctionCode: (?:!Sub )?\|\n( +)([^]*?)\n(?=\n| {0,7}\S)/);
  const substituted = code.replaceAll(`\n${indent}`, "\n").replace(/\$\{(\w+)\}/g, (_, key) => parameters[key]);
  return new Function(`"use strict"; ${substituted}\nreturn handler;`)();
}

/** The URI that the origin is asked for; everything else must be left as it is. */
function rewritten(handler, uri) {
  const request = {
    method: "POST",
    uri,
    querystring: { a: { value: "%2F" } },
    headers: { host: { value: "example.com" } },
    cookies: { sessionid: { value: "x" } },
  };
  const { uri: result, ...rest } = handler({ version: "1.0", request: structuredClone(request) });
  assert.deepEqual({ ...rest, uri }, request);
  return result;
}

test("the prefix is rewritten, and nothing else", () => {
  const handler = load("Prefix", { UrlPrefix: "/auth/api/" });
  for (const [uri, expected] of [
    ["/auth/api/browser/v1/config", "/_allauth/browser/v1/config"],
    ["/auth/api/", "/_allauth/"],
    ["/auth/api/a%2Fb/auth/api/", "/_allauth/a%2Fb/auth/api/"],
    ["/auth/api", "/auth/api"],
    ["/auth/apis/x", "/auth/apis/x"],
    ["/x/auth/api/y", "/x/auth/api/y"],
    ["/_allauth/browser/v1/config", "/_allauth/browser/v1/config"],
  ]) {
    assert.equal(rewritten(handler, uri), expected, uri);
  }
  // A prefix is no pattern.
  assert.equal(rewritten(load("Prefix", { UrlPrefix: "/a.b/" }), "/axb/c"), "/axb/c");
});

test("a page of the frontend is answered with its one file", () => {
  const handler = load("SinglePage");
  for (const [uri, expected] of [
    ["/", "/index.html"],
    ["/account/verify-email/Mg:1abc:x_-y", "/index.html"],
    ["/account/password/reset/", "/index.html"],
    ["/assets/app.js", "/assets/app.js"],
    ["/.well-known/assetlinks.json", "/.well-known/assetlinks.json"],
    ["/v1.2/page", "/index.html"],
  ]) {
    assert.equal(rewritten(handler, uri), expected, uri);
  }
});
