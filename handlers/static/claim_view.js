/** Claiming in one step: name, ID number, and the phone as WeChat vouches for it. */

import { byId, phoneCode, say } from "./demo.js";
import { agreeToNotice } from "./notice.js";

const UNMATCHED = "claim_not_matched";

/**
 * The form.
 * @param {{client: object, person: string, results: object, onDone: function(): void}} options
 */
export function createClaimView({ client, person, results, onDone }) {
  async function claim(event) {
    event.preventDefault();
    byId("claim-send").disabled = true;
    say(byId("claim-problem"), "");
    byId("claim-review").hidden = true;
    try {
      const body = {
        name: byId("claim-name").value.trim(),
        idDocument: byId("claim-number").value.trim(),
        kind: byId("claim-kind").value,
        phoneCode: await phoneCode(person),
      };
      await agreeToNotice(client);
      await client.request("POST", "/api/v1/members/claims", { body });
      await client.signIn();
      onDone();
    } catch (error) {
      say(byId("claim-problem"), error.message);
      if (error.code === UNMATCHED) {
        await offerResult();
      }
    }
    byId("claim-send").disabled = false;
  }

  /** Whether there is anything to review is told to nobody, and so everybody is asked. */
  async function offerResult() {
    byId("claim-review").hidden = false;
    await results.offer("claim-result");
  }

  function open() {
    byId("claim-form").reset();
    byId("claim-review").hidden = true;
    say(byId("claim-problem"), "");
  }

  byId("claim-form").onsubmit = claim;
  return { open };
}
