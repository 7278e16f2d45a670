#!/usr/bin/env node
// Writes the types of an OpenAPI description of Vestibule: its schemas, and what each operation takes and answers.
//
//   vestibule-types DESCRIPTION [FILE]
//
// DESCRIPTION is a URL or a file: of a deployment (`/_allauth/openapi.json`), for types that fit its settings; or the
// project's docs/openapi.json, where whatever depends on settings is optional.

import { readFile, writeFile } from "node:fs/promises";

const [source, target] = process.argv.slice(2);
if (!source) fail("usage: vestibule-types DESCRIPTION [FILE]");
const description = JSON.parse(await text(source));
if (!description.paths || !description.components?.schemas) fail(`${source} is no OpenAPI description`);
const types = `${schemas()}\n${operations()}`;
if (target) await writeFile(target, types);
else process.stdout.write(types);

async function text(from) {
  if (!/^https?:/.test(from)) return readFile(from, "utf8").catch((error) => fail(error.message));
  const response = await fetch(from).catch((error) => fail(`${from}: ${error.cause?.message ?? error.message}`));
  if (response.ok) return response.text();
  return fail(`${from} answers ${response.status}; HEADLESS_SERVE_SPECIFICATION=true makes a deployment serve it`);
}

function fail(message) {
  console.error(`vestibule-types: ${message}`);
  process.exit(1);
}

/** The schemas, a type each. */
function schemas() {
  const all = Object.entries(description.components.schemas);
  return all.map(([name, schema]) => `${comment(schema.description)}export type ${name} = ${type(schema)};\n`).join("\n");
}

/** What a client sends as JSON: for each operation its body, query, headers and answers. */
function operations() {
  const members = Object.entries(description.paths).flatMap(([path, methods]) => {
    // A form leads to a provider, and a provider leads back: no client calls those.
    const relative = path.match(/\/(?:\{client\}|app|browser)\/v1\/(.*)$/)?.[1];
    const known = Object.entries(methods).filter(([, operation]) => relative && operation.operationId && isJson(operation));
    return known.map(([method, operation]) => {
      const key = JSON.stringify(`${method.toUpperCase()} ${relative}`);
      return `${comment(operation.summary)}${key}: {\n${operationMembers(operation)}};\n`;
    });
  });
  return `/** Every operation, by its method and path. */\nexport type Operations = {\n${members.join("")}};\n`;
}

function isJson({ requestBody }) {
  return !requestBody || "application/json" in requestBody.content;
}

function operationMembers({ requestBody, parameters = [], responses }) {
  const body = requestBody && `body: ${type(requestBody.content["application/json"].schema)};\n`;
  const named = Object.entries({ query: "query", header: "headers" }).map(([place, name]) => {
    const these = parameters.filter((parameter) => parameter.in === place);
    const optional = these.some(({ required }) => required) ? "" : "?";
    const members = these.map(({ name, required, schema }) => `${JSON.stringify(name)}${required ? "" : "?"}: ${type(schema)};`);
    return these.length ? `${name}${optional}: { ${members.join(" ")} };\n` : "";
  });
  const answers = Object.entries(responses).flatMap(([status, response]) => [response].flat().flatMap((each) => answer(status, each)));
  return `${body ?? ""}${named.join("")}answer: ${[...new Set(answers)].join(" | ")};\n`;
}

/** The answers of a response: JSON as its schema says, anything else as the status alone. */
function answer(status, response) {
  const whole = response.$ref ? description.components.responses[response.$ref.split("/").at(-1)] : response;
  return Object.entries(whole.content ?? { none: {} }).map(([kind, { schema }]) =>
    kind === "application/json" ? type(schema) : `{ status: ${status} }`);
}

/** A schema as a type. */
function type(schema) {
  if (schema.$ref) return schema.$ref.split("/").at(-1);
  if ("const" in schema) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  const choices = schema.oneOf ?? schema.anyOf;
  if (choices) return choices.map(type).join(" | ");
  if (schema.allOf) return schema.allOf.map((part) => `(${type(part)})`).join(" & ");
  if (Array.isArray(schema.type)) return schema.type.map((one) => type({ ...schema, type: one })).join(" | ");
  if (schema.type === "array") return `Array<${type(schema.items ?? {})}>`;
  if (schema.type === "object") return object(schema);
  return { integer: "number", number: "number", string: "string", boolean: "boolean", null: "null" }[schema.type] ?? "unknown";
}

function object({ properties, required = [], additionalProperties }) {
  if (!properties) return `{ [name: string]: ${typeof additionalProperties === "object" ? type(additionalProperties) : "unknown"} }`;
  const members = Object.entries(properties).map(([name, schema]) => {
    // Under some settings it is absent.
    const isCertain = required.includes(name) && !schema["x-when"];
    return `${comment(schema.description)}${JSON.stringify(name)}${isCertain ? "" : "?"}: ${type(schema)};\n`;
  });
  return `{\n${members.join("")}}`;
}

function comment(words) {
  return words ? `/** ${words.replaceAll("*/", "*\\/")} */\n` : "";
}
