// What an accounts page does, with the package that is installed here: the same in a browser and in an app.

import { errorsOf, needsReauthentication, pendingFlow } from "@vestibule/client";
import type { AppClient, BrowserClient, FlowId } from "@vestibule/client";

type Client = Pick<AppClient | BrowserClient, "send">;
/** What people have: a mailbox, and an app that shows codes. */
export interface Person {
  email: string;
  password: string;
  mailedCode(): Promise<string>;
  appCode(secret: string, steps: number): Promise<string>;
}

/** Signs up, verifies the email address, sets up an authenticator app, logs out, and logs in with both. */
export async function journey({ send }: Client, { email, password, mailedCode, appCode }: Person): Promise<string[]> {
  const steps: string[] = [];
  const refused = await send("POST", "auth/signup", { email, password: "short" });
  steps.push(errorsOf(refused, "password").map(({ code }) => code).join());

  const signedUp = await send("POST", "auth/signup", { email, password });
  steps.push(waits(signedUp));
  const verified = await send("POST", "auth/email/verify", { key: await mailedCode() });
  if (verified.status !== 200) throw new Error(`${verified.status}`);
  steps.push(verified.data.user.email ?? "");

  const setup = await send("GET", "account/authenticators/totp");
  if (setup.status !== 404) throw new Error(`${setup.status}`);
  const { secret } = setup.meta;
  const activate = async () => send("POST", "account/authenticators/totp", { code: await appCode(secret, 0) });
  steps.push(`${needsReauthentication(await activate())}`);
  await send("POST", "auth/reauthenticate", { password });
  const added = await activate();
  if (added.status !== 200) throw new Error(JSON.stringify(added));
  steps.push(added.data.type);

  steps.push(`${(await send("DELETE", "auth/session")).status}`);
  steps.push(waits(await send("POST", "auth/login", { email, password })));
  const loggedIn = await send("POST", "auth/2fa/authenticate", { code: await appCode(secret, 1) });
  if (loggedIn.status !== 200) throw new Error(`${loggedIn.status}`);
  steps.push(loggedIn.data.methods.map(({ method }) => method).join());
  const { status } = await send("GET", "auth/session");
  steps.push(`${status}`);
  return steps;
}

const waits = (answer: object): FlowId | "" => pendingFlow(answer)?.id ?? "";
