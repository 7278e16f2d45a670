// Pages in a browser, and what is to be true of each: accessible, no wider than a phone, nothing from other hosts.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PHONE = { width: 360, height: 740 };
const DESK = { width: 1280, height: 800 };

/** Opens a page of somebody who was never here before; `check` fails unless only these origins were asked. */
export async function openPage(browser, origins, options = {}) {
  const context = await browser.newContext({ viewport: DESK, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const hosts = new Set();
  const faults = [];
  page.on("request", (request) => hosts.add(new URL(request.url()).host));
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("console", (message) => {
    if (/Content Security Policy|Trusted/.test(message.text())) faults.push(message.text());
  });
  const devtools = await context.newCDPSession(page);
  const check = async () => {
    await checkAccessibility(page, devtools);
    await checkWidth(page);
    const own = new Set(origins.map((url) => new URL(url).host));
    assert.deepEqual([...hosts].filter((host) => host && !own.has(host)), []);
    assert.deepEqual(faults, []);
  };
  return { context, page, devtools, check };
}

/** No violation of any rule of axe. It runs beside the page's policy, which would not let it in. */
export async function checkAccessibility(page, devtools) {
  const run = async (expression) => {
    const { result, exceptionDetails } = await devtools.send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
    assert.equal(exceptionDetails, undefined, JSON.stringify(exceptionDetails));
    return result.value;
  };
  await run(`${AXE};0`);
  const violations = await run(`axe.run().then(({ violations }) => violations.map(({ id, help, nodes }) =>
    id + ": " + help + ": " + nodes.map(({ html }) => html.slice(0, 150)).join(" | ")))`);
  assert.deepEqual(violations, [], page.url());
}

/** Nothing is wider than a phone. */
export async function checkWidth(page) {
  await page.setViewportSize(PHONE);
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  await page.setViewportSize(DESK);
  assert.ok(width <= PHONE.width, `${page.url()} is ${width} pixels wide`);
}
