// Login by a code that is sent by mail or text message: its request. The code itself is asked for by `pending.js`.

import { send } from "./api.js";
import { botCheck, fields } from "./description.js";
import { form } from "./form.js";
import { identified, identifierOf } from "./login.js";
import { proceed } from "./proceed.js";

/** The page. */
export async function loginByCode() {
  const identifier = identifierOf(fields("requestLoginCode"));
  return [form([identifier, ...botCheck("requestLoginCode")], "Send a code", async (values, more) =>
    proceed(await send("POST", "auth/code/request", identified(values, identifier.kinds), more)))];
}
