// Access tokens, as another service verifies them: with a stock library, and nothing but what is published.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createRemoteJWKSet, jwtVerify } from "jose";
import { startStack } from "./stack.js";

const EMAIL = "token@example.com";
const PASSWORD = "correct-horse-battery";

/** Signs somebody up in an app. */
async function signUp(api) {
  const response = await fetch(`${api}/_allauth/app/v1/auth/signup`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ email: EMAIL, password: PASSWORD }),
  });
  return response.json();
}

for (const algorithm of ["RS256", "ES256", "EdDSA"]) {
  test(`an access token of ${algorithm} is verified with the published keys alone`, async () => {
    const stack = await startStack({
      HEADLESS_TOKEN_STRATEGY: "jwt",
      HEADLESS_JWT_ALGORITHM: algorithm,
      HEADLESS_JWT_AUDIENCE: "orders",
      ACCOUNT_EMAIL_VERIFICATION: "none",
    });
    try {
      const { data, meta } = await signUp(stack.api);
      const discovery = await (await fetch(`${stack.api}/.well-known/openid-configuration`)).json();
      const keys = createRemoteJWKSet(new URL(discovery.jwks_uri));
      const expected = { issuer: discovery.issuer, audience: "orders", algorithms: [algorithm] };
      const { payload, protectedHeader } = await jwtVerify(meta.access_token, keys, expected);
      assert.equal(payload.sub, data.user.id);
      assert.ok(protectedHeader.kid);

      await assert.rejects(jwtVerify(meta.refresh_token, keys, expected));
      const [header, claims, signature] = meta.access_token.split(".");
      const changed = Buffer.from(JSON.stringify({ ...payload, sub: "somebody-else" })).toString("base64url");
      assert.notEqual(changed, claims);
      await assert.rejects(jwtVerify([header, changed, signature].join("."), keys, expected));
    } finally {
      await stack.stop();
    }
  });
}
