// What the API tells clients of its settings: asked for once.

import { send } from "./api.js";

/** The data of `GET config`. */
export let config;

/** Fields with the help that the site gives for its own (ACCOUNT_PROFILE_FIELDS). */
export const withHelp = (all) => all.map((field) => ({ ...field, hint: own().find(({ name }) => name === field.name)?.help }));

/** The site's own fields that users read, and write at sign-up at the most. */
export const ownFacts = () => own().filter(({ read, write }) => read === "user" && write !== "user");

const own = () => config.account.profile_fields ?? [];

/** Asks for it. */
export async function loadConfig() {
  ({ data: config } = await send("GET", "config"));
}
