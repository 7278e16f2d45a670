// What an app does with each generated client.

/** The fields of this deployment's own. */
export const OWN = { color: "red", nick: "Ann", terms: true } as const;

/** A token of the bot check, as the local stack takes it in place of the service. It is valid once. */
export const captcha = () => `stand-in:localhost:${crypto.randomUUID()}`;

export interface Steps {
  /** Signs up: resolves to the step that is pending then. */
  signUp(email: string, password: string): Promise<string | undefined>;
  /** Verifies the email address: resolves to the one of the account. */
  verify(key: string): Promise<string | undefined>;
  /** The email addresses of the account, if the session is authenticated. */
  emailAddresses(): Promise<string[] | undefined>;
  /** Logs out: resolves to the status. */
  logOut(): Promise<number>;
}
