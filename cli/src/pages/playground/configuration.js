// What the API tells clients of its settings: asked for once.

import { send } from "./api.js";

/** The data of `GET config`. */
export let config;

/** Asks for it. */
export async function loadConfig() {
  ({ data: config } = await send("GET", "config"));
}
