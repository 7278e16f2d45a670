// The two ceremonies of Web Authentication, between the API's options and its answers.

/**
 * Creates a credential, as `creation_options` says. Rejects if none is created, with the reason in words.
 * @param {import("./api.js").CreationOptions} options
 */
export async function createCredential({ publicKey }) {
  const json = /** @type {PublicKeyCredentialCreationOptionsJSON} */ (publicKey);
  return ceremony(navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(json) }));
}

/**
 * Uses a credential, as `request_options` says. Rejects if none is used, with the reason in words.
 * @param {import("./api.js").RequestOptions} options
 */
export async function useCredential({ publicKey }) {
  const json = /** @type {PublicKeyCredentialRequestOptionsJSON} */ (publicKey);
  return ceremony(navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(json) }));
}

/**
 * @param {Promise<Credential | null>} promise
 * @returns {Promise<import("./api.js").WebAuthnCredential>}
 */
async function ceremony(promise) {
  try {
    return /** @type {PublicKeyCredential} */ (await promise).toJSON();
  } catch (cause) {
    const exists = /** @type {Error} */ (cause).name === "InvalidStateError";
    throw new Error(exists ? "This device has a key for the account already." : "No key was used: none fits, or it was cancelled.", { cause });
  }
}
