// The playground's pages, and the menu. A page is one line here, and a module.

import { isLoggedIn, loadSession, send } from "./api.js";
import { authenticators } from "./authenticators.js";
import { loginByCode } from "./code.js";
import { loadConfig } from "./configuration.js";
import { environment, has, serves } from "./description.js";
import { announce, button, h, link } from "./elements.js";
import { emails } from "./emails.js";
import { accountHistory } from "./history.js";
import { login } from "./login.js";
import { password } from "./password.js";
import { pending } from "./pending.js";
import { phone } from "./phone.js";
import { forAccount, profile } from "./profile.js";
import { callback, connected } from "./providers.js";
import { showRequests } from "./requests.js";
import { requestReset, reset } from "./reset.js";
import { go, start } from "./router.js";
import { sessions } from "./sessions.js";
import { signup } from "./signup.js";
import { tokens } from "./tokens.js";
import { verifyEmail } from "./verify.js";

/** In the menu while nobody is logged in, or while somebody is; a page that these settings leave no call for is not there. */
const [OUT, IN, BOTH] = ["out", "in", "both"];
const PAGES = [
  { path: "/account/login", title: "Log in", show: login, menu: OUT },
  { path: "/account/signup", title: "Sign up", show: signup, menu: OUT, link: "account_signup" },
  { path: "/account/invitation#{key}", title: "Accept an invitation", show: signup, link: "account_invitation" },
  { path: "/account/login/code", title: "Log in with a code", show: loginByCode, needs: "requestLoginCode" },
  { path: "/account/pending", title: "One more step", show: pending },
  { path: "/account/verify-email/{key}", title: "Verify your email address", show: verifyEmail, link: "account_confirm_email" },
  { path: "/account/password/reset", title: "Reset the password", show: requestReset, link: "account_reset_password", needs: "requestPasswordReset" },
  { path: "/account/password/reset/key/{key}", title: "New password", show: reset, link: "account_reset_password_from_key" },
  { path: "/account/provider/callback", title: "Back from the provider", show: callback, link: "socialaccount_login_error" },
  { path: "/account", title: "Account", show: profile, menu: IN },
  { path: "/account/email", title: "Email addresses", show: forAccount(emails), menu: IN, needs: "listEmailAddresses" },
  { path: "/account/phone", title: "Phone number", show: forAccount(phone), menu: IN, needs: "getPhoneNumber" },
  { path: "/account/password", title: "Password", show: forAccount(password), menu: IN, needs: "changePassword" },
  { path: "/account/2fa", title: "Second factors", show: forAccount(authenticators), menu: IN, needs: "listAuthenticators" },
  { path: "/account/providers", title: "Connected accounts", show: forAccount(connected), menu: IN, needs: "listProviderAccounts" },
  { path: "/account/sessions", title: "Sessions", show: forAccount(sessions), menu: IN, needs: "listSessions" },
  { path: "/account/history", title: "History", show: forAccount(accountHistory), menu: IN, needs: "getAccountHistory" },
  { path: "/tokens", title: "Tokens", show: tokens, menu: BOTH, needs: "logIn", client: "app" },
  { path: "/", title: "Playground", show: async () => go(isLoggedIn() ? "/account" : "/account/login") },
].filter(({ needs, client }) => (!needs || has(needs)) && (!client || serves(client)));

/** The same pages at the paths that HEADLESS_FRONTEND_URLS names, where they are at this origin. */
const linked = PAGES.flatMap((page) => {
  const url = environment.pages[page.link] ?? "";
  const path = url.startsWith(`${location.origin}/`) ? url.slice(location.origin.length) : page.path;
  return path === page.path ? [] : [{ ...page, path, menu: undefined }];
});

function menu() {
  const now = isLoggedIn() ? IN : OUT;
  const items = PAGES.filter((page) => page.menu === now || page.menu === BOTH).map(({ path, title }) => link(path, title));
  const leave = isLoggedIn() && button("Log out", logOut, { class: "quiet" });
  const inbox = h("a", { href: environment.inbox, target: "_blank" }, "Inbox");
  document.getElementById("menu").replaceChildren(...items, inbox, ...(leave ? [leave] : []));
}

async function logOut() {
  // The answer to a logout that worked is 401.
  await send("DELETE", "auth/session");
  await go("/account/login");
  announce("Logged out.");
}

document.addEventListener("session", menu);
showRequests(document.getElementById("requests"));
try {
  if (!serves("browser")) throw new Error("HEADLESS_CLIENTS leaves out browsers, so there is nothing to try here.");
  await loadConfig();
  await loadSession();
  menu();
  await start([...PAGES, ...linked]);
} catch (error) {
  document.getElementById("page").replaceChildren(h("h1", {}, "Playground"), h("p", { role: "alert", class: "error" }, error.message));
}
