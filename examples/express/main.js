// An API of your own with Express, guarded by Vestibule's access tokens and sessions: docs/guarding.md explains.
//
//   npm install
//   ISSUER=https://auth.example.com ORIGINS=https://app.example.com node main.js

import { createHash } from "node:crypto";
import express from "express";
import { createRemoteJWKSet, errors, jwtVerify } from "jose";

const ISSUER = process.env.ISSUER; // Vestibule's URL
if (!ISSUER) throw new Error("ISSUER must be Vestibule's URL");
const AUDIENCE = process.env.AUDIENCE ?? "vestibule";
const ORIGINS = (process.env.ORIGINS ?? "").split(" ").filter(Boolean); // whose pages may change something
const SESSION_SECONDS = Number(process.env.SESSION_SECONDS ?? 10); // how long a logout may go unnoticed
const PAUSE_SECONDS = Number(process.env.PAUSE_SECONDS ?? 30);

// Read again every five minutes, and when a token names another key: then after a pause at least.
const keys = createRemoteJWKSet(new URL(`${ISSUER}/.well-known/jwks.json`), {
  cacheMaxAge: 300_000,
  cooldownDuration: PAUSE_SECONDS * 1000,
});
const sessions = new Map();

/** A refusal, as an error for Express. */
const refusal = (status, headers = {}) => Object.assign(new Error(), { status, headers });
const unauthorized = () => refusal(401, { "WWW-Authenticate": "Bearer" });
const unavailable = () => refusal(503, { "Retry-After": "1" });

/** Finds the account of an access token. */
async function byToken(request, response, next) {
  const [scheme, token] = (request.get("authorization") ?? "").split(" ");
  if (scheme.toLowerCase() !== "bearer" || !token) throw unauthorized();
  const expected = { issuer: ISSUER, audience: AUDIENCE, algorithms: ["RS256"], requiredClaims: ["exp", "sub"] };
  const { payload } = await jwtVerify(token, keys, expected).catch((error) => {
    const isOurs = !(error instanceof errors.JOSEError) || error.code === "ERR_JOSE_GENERIC" || error instanceof errors.JWKSTimeout;
    throw isOurs ? unavailable() : unauthorized();
  });
  response.locals.account = payload.sub;
  next();
}

/** Finds the account of a session, by the header of an app or the cookie of a browser. */
async function bySession(request, response, next) {
  const agent = { "User-Agent": request.get("user-agent") ?? "" };
  const token = request.get("x-session-token");
  const cookie = request.get("cookie")?.match(/(?:^|; )(sessionid=[^;]+)/)?.[1];
  if (token) response.locals.account = await accountOf("app", token, { "X-Session-Token": token, ...agent });
  else if (!cookie) throw unauthorized();
  // The cookie comes with requests that other sites forge, too.
  else if (!["GET", "HEAD", "OPTIONS"].includes(request.method) && !ORIGINS.includes(request.get("origin"))) throw refusal(403);
  else response.locals.account = await accountOf("browser", cookie, { Cookie: cookie, ...agent });
  next();
}

async function accountOf(client, credential, headers) {
  const name = createHash("sha256").update(`${client} ${credential}`).digest("hex");
  const known = sessions.get(name);
  if (known && performance.now() < known.until) return known.account;
  const url = `${ISSUER}/_allauth/${client}/v1/auth/session`;
  const answer = await fetch(url, { headers, signal: AbortSignal.timeout(5000) }).catch(() => undefined);
  if (answer?.status === 401 || answer?.status === 410) throw unauthorized();
  if (answer?.status !== 200) throw unavailable();
  const account = String((await answer.json()).data.user.id);
  if (sessions.size >= 10_000) sessions.clear();
  sessions.set(name, { account, until: performance.now() + SESSION_SECONDS * 1000 });
  return account;
}

const greet = (request, response) => response.json({ hello: response.locals.account });

const app = express();
app.get("/by-token", byToken, greet);
app.get("/by-session", bySession, greet);
app.post("/by-session", bySession, greet);
app.use((error, request, response, next) => {
  if (!error.headers) return next(error);
  return response.status(error.status).set(error.headers).end();
});
app.listen(Number(process.env.PORT ?? 8080), "127.0.0.1");
