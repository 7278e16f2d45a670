// What must not compile, with the types of the package and with those of one deployment.

import { appClient, browserClient } from "@vestibule/client";
import type { Tokens } from "@vestibule/client";
import type { Operations } from "./deployment.js";

export function mistakes(tokens: Tokens) {
  const client = browserClient({ url: "https://api.example.com/_allauth" });
  // @ts-expect-error: there is no such operation.
  void client.send("PUT", "auth/login", {});
  // @ts-expect-error: a password is a text.
  void client.send("POST", "auth/login", { email: "", password: 1 });
  // @ts-expect-error: the body is not optional.
  void client.send("POST", "auth/login");
  // @ts-expect-error: nor is this header.
  void client.send("GET", "auth/email/verify");
  void client.send("GET", "auth/email/verify", undefined, { headers: { "x-email-verification-key": "" } });
  void client.send("GET", "account/authenticators/webauthn", undefined, { query: { passwordless: "" } });
  void client.send("GET", "config").then((answer) => answer.data.account.login_methods);
  // @ts-expect-error: whether somebody is logged in has to be asked first.
  void client.send("GET", "auth/session").then((answer) => answer.data.user);
  // @ts-expect-error: an app keeps its tokens somewhere.
  appClient({ url: "https://api.example.com/_allauth" });
  appClient({ url: "https://api.example.com/_allauth", storage: { load: async () => tokens, save() {} } });

  const deployment = browserClient<Operations>();
  void deployment.send("POST", "auth/login", { email: "", password: "" });
  void deployment.send("POST", "auth/signup", { email: "", password: "", color: "red" });
  // @ts-expect-error: there is no such choice.
  void deployment.send("POST", "auth/signup", { email: "", password: "", color: "green" });
  void deployment.send("GET", "auth/session").then((answer) => answer.status === 200 && answer.data.user.color);
  // @ts-expect-error: this deployment has no usernames.
  void deployment.send("POST", "auth/login", { username: "", password: "" });
  // @ts-expect-error: nor passkeys.
  void deployment.send("GET", "auth/webauthn/login");
}
