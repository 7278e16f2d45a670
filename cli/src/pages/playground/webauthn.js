// The two ceremonies of Web Authentication, between the API's options and its answers.

/** Creates a credential, as `creation_options` says. */
export async function createCredential(options) {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options.publicKey);
  return (await ceremony(navigator.credentials.create({ publicKey }))).toJSON();
}

/** Uses a credential, as `request_options` says. */
export async function useCredential(options) {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options.publicKey);
  return (await ceremony(navigator.credentials.get({ publicKey }))).toJSON();
}

async function ceremony(promise) {
  try {
    return await promise;
  } catch (error) {
    const exists = error.name === "InvalidStateError";
    throw new Error(exists ? "This device has a key for the account already." : "No key was used: none fits, or it was cancelled.");
  }
}
