// A client of Vestibule's accounts API. README.md explains.

export { errorsOf, needsReauthentication, pendingFlow } from "./answers.js";
export type * from "./api.js";
export { appClient } from "./app.js";
export { browserClient } from "./browser.js";
export type { AnyAnswer, AppClient, AppOptions, BrowserClient, BrowserOptions, SentRequest, Tokens, TokenStorage } from "./types.js";
export { createCredential, useCredential } from "./webauthn.js";
