// A certified OpenID provider, npm's oidc-provider, and what it can be made to lie about.

import { createServer } from "node:http";
import { exportJWK, generateKeyPair, importJWK, SignJWT } from "jose";
import { Provider } from "oidc-provider";

export const CLIENT = { id: "vestibule", secret: "a-secret-of-the-tests-0123456789" };

/** Listens at a port of its own, and is a provider once it is told where browsers come back to. */
export async function listen() {
  const server = createServer((request, response) => answer(request, response));
  await new Promise((resolve) => server.listen(0, "localhost", resolve));
  const issuer = `http://localhost:${server.address().port}`;
  let answer;
  let redirectUri;
  let lie;
  let issued;
  let key;

  /** A provider with new keys; that of before is gone. */
  async function open() {
    key = await newKey();
    const provider = new Provider(issuer, {
      clients: [{ client_id: CLIENT.id, client_secret: CLIENT.secret, redirect_uris: [redirectUri] }],
      jwks: { keys: [key] },
      cookies: { keys: ["cookies of the tests"] },
      claims: { email: ["email", "email_verified"], profile: ["name", "preferred_username"] },
      pkce: { required: () => true },
      ttl: { AccessToken: 600, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
      findAccount: (_, id) => ({ accountId: id, claims: () => person(id) }),
    });
    provider.use(async (context, next) => {
      await next();
      if (context.path !== "/token" || !context.body?.id_token) return;
      issued = context.body.id_token;
      if (lie) context.body.id_token = await lie(claimsOf(issued), key);
    });
    answer = provider.callback();
  }

  return {
    issuer,
    open(uri) {
      redirectUri = uri;
      return open();
    },
    /** Replaces all keys. */
    rotate: open,
    key: () => key,
    /** From now on, id tokens are what this makes of their claims and the key; nothing for the truth. */
    tell: (what) => (lie = what),
    /** The last id token, as it should be. */
    lastToken: () => issued,
    stop: () => new Promise((resolve) => server.close(resolve)),
  };
}

/** Who logs in with any name is who it says. */
function person(id) {
  return { sub: id, email: `${id}@example.com`, email_verified: true, name: `The one and only ${id}` };
}

async function newKey() {
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  return { ...(await exportJWK(privateKey)), alg: "RS256", use: "sig", kid: crypto.randomUUID() };
}

export const claimsOf = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url"));

/** A token with these claims, signed with this key. */
export async function sign(claims, key) {
  const header = { alg: key.alg, kid: key.kid, typ: "JWT" };
  return new SignJWT(claims).setProtectedHeader(header).sign(await importJWK(key));
}

/** A token that nobody has signed. */
export function unsigned(claims) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "none" })}.${part(claims)}.`;
}

/** A token that is signed with what everybody knows of this key, as if it were a shared secret. */
export async function confused(claims, { n, kid }) {
  return new SignJWT(claims).setProtectedHeader({ alg: "HS256", kid }).sign(Buffer.from(n, "base64url"));
}

/** Lies about an id token, each by the name that it is refused by. */
export const LIES = {
  expired: (claims, key) => sign({ ...claims, iat: claims.iat - 7200, exp: claims.exp - 7200 }, key),
  wrong_audience: (claims, key) => sign({ ...claims, aud: "somebody-else" }, key),
  wrong_issuer: (claims, key) => sign({ ...claims, iss: "https://id.example.com" }, key),
  unsigned: (claims) => unsigned(claims),
  wrong_algorithm: (claims, key) => confused(claims, key),
  bad_signature: async (claims, key) => sign(claims, { ...(await newKey()), kid: key.kid }),
  unknown_key: async (claims) => sign(claims, await newKey()),
};

/** Says at the provider who one is, and agrees. */
export async function consent(page, name) {
  await page.fill("input[name=login]", name);
  await page.fill("input[name=password]", "whatever");
  await page.click("button[type=submit]");
  await page.waitForSelector("text=Authorize");
  await page.click("button[type=submit]");
}
