// What follows a change: the page as it is now, and a word about it.

import { announce } from "./elements.js";
import { problem } from "./form.js";
import { refresh } from "./router.js";

/** After a success shows the page again. The answer goes back to its form, which shows errors. */
export async function done(answer, text) {
  if (answer.status < 400) {
    await refresh();
    announce(text);
  }
  return answer;
}

/** The same for a button, which has no place of its own for errors. */
export async function doneOrError(answer, text) {
  const { status } = await done(answer, text);
  if (status >= 400) announce(problem(answer));
}
