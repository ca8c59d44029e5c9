/** The console's dialogs: an answer to what was asked for one person or thing is not taken for the next one's. */

import { ask, byId, say, tellHere } from "./console.js";
import { createOrder } from "./latest.js";

/**
 * Wires a dialog of the page: `ID-problem` is where a refusal is told, `ID-cancel` and `ID-close` close it.
 * @param {string} id
 */
export function createDialog(id) {
  const dialog = byId(id);
  const problem = byId(`${id}-problem`);
  const begin = createOrder();
  const beginShowing = createOrder();
  let isShown = beginShowing();
  const close = () => dialog.close();

  /** What was asked for what the dialog showed until now is void. */
  function turn() {
    begin();
    isShown = beginShowing();
  }

  /** Does what may be refused, for what the dialog shows now: undefined when it shows something else by then. */
  async function tell(asking) {
    const isLatest = begin();
    const answer = await tellHere(problem, asking, isLatest);
    return isLatest() ? answer : undefined;
  }

  [`${id}-cancel`, `${id}-close`].forEach((button) => byId(button)?.addEventListener("click", close));
  dialog.addEventListener("close", () => dialog.open || turn());

  return {
    tell,
    /** Asks for what the dialog shows. */
    ask: (method, path, body, headers) => tell(() => ask(method, path, body, headers)),
    /**
     * Sends what the dialog was for, and closes it after a yes, unless it was opened anew meanwhile.
     * @returns {Promise<object|null|undefined>} the answer, whatever the dialog shows by then; undefined after a refusal
     */
    send: async (method, path, body, headers) => {
      const isStillShown = isShown;
      const answer = await tellHere(problem, () => ask(method, path, body, headers), isStillShown);
      if (answer !== undefined && isStillShown()) {
        close();
      }
      return answer;
    },
    open: () => {
      turn();
      say(problem, "");
      dialog.showModal();
    },
  };
}
