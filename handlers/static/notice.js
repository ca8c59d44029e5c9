/** Agreeing to the privacy notice where personal data are asked for. */

/**
 * Gives the consent that a ticked box stands for, unless it is given already.
 * @param {object} client
 * @returns {Promise<void>}
 */
export async function agreeToNotice(client) {
  const { items } = await client.consents();
  const notice = items.find(({ text }) => text.purpose === "notice");
  if (!notice.given) {
    await client.answerConsent({ purpose: "notice", given: true, version: notice.text.version });
  }
}
