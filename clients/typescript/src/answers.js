// What an answer says.

/**
 * The flow that waits to be completed, if there is one.
 * @param {object} answer
 * @returns {import("./api.js").Flow | undefined}
 */
export const pendingFlow = (answer) => flows(answer).find((flow) => flow.is_pending);

/**
 * Whether the user is logged in, but must reauthenticate before this request is granted: `data.flows` lists how. Send the
 * same request after that.
 * @param {object} answer
 */
export function needsReauthentication(answer) {
  const { status, meta } = /** @type {{status?: number, meta?: {is_authenticated?: boolean}}} */ (answer);
  return status === 401 && meta?.is_authenticated === true;
}

/**
 * The errors of a field; without a name, those of the form as a whole.
 * @param {object} answer
 * @param {string} [param]
 */
export function errorsOf(answer, param) {
  const { errors = [] } = /** @type {{errors?: import("./api.js").FieldError[]}} */ (answer);
  return errors.filter((error) => error.param === param);
}

/**
 * @param {object} answer
 * @returns {import("./api.js").Flow[]}
 */
function flows(answer) {
  const { status, data } = /** @type {{status?: number, data?: {flows?: import("./api.js").Flow[]}}} */ (answer);
  return status === 401 ? (data?.flows ?? []) : [];
}
