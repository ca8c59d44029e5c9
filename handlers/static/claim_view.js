/** Claiming in one step: name, ID number, and the phone as WeChat vouches for it. */

import { byId, phoneCode, say } from "./demo.js";
import { agreeToNotice } from "./notice.js";

/**
 * The form.
 * @param {{client: object, person: string, onDone: function(): void}} options
 */
export function createClaimView({ client, person, onDone }) {
  async function claim(event) {
    event.preventDefault();
    byId("claim-send").disabled = true;
    say(byId("claim-problem"), "");
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
    }
    byId("claim-send").disabled = false;
  }

  byId("claim-form").onsubmit = claim;
  return { open: () => byId("claim-form").reset() };
}
