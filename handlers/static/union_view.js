/** The membership on the phone: none yet, under review, held, travelling; and what one may do about it. */

import { createClaimView } from "./claim_view.js";
import { byId, say } from "./demo.js";
import { confirmed } from "./dialog.js";
import { createJoiningView } from "./joining_view.js";
import { createResults } from "./results.js";
import { createUnionSearch } from "./union_search.js";
import { MEMBERS, REFUSALS, STANDINGS, lastDayWords } from "./words.js";

const MEMBERSHIPS = "/api/v1/memberships";
const PANELS = ["union-choice", "claim", "join", "transfer"];
const OVER = ["refused", "left", "expelled"];
const LEAVE = {
  title: "确定退会？",
  words: "退会立即生效：会员卡停用，会员权益终止。以后想回来，须重新申请入会，会籍重新起算。",
  yes: "退会",
};

/**
 * The membership's view.
 * @param {{client: object, person: string, member: object, onClaimed: function(): void}} options `member` is the
 *   holder's view
 */
export function createUnionView({ client, person, member, onClaimed }) {
  let shown = null;
  let known = "";
  const results = createResults({ client });
  const claim = createClaimView({ client, person, results, onDone: claimed });
  const join = createJoiningView({ client, results, onDone: done });
  const search = createUnionSearch({ client, prefix: "transfer-union", onPick: transfer });

  function open(panel) {
    PANELS.forEach((name) => {
      byId(name).hidden = name !== panel;
    });
    say(byId("union-problem"), "");
  }

  async function done() {
    known = "";
    open("");
    await member.refresh();
  }

  async function claimed() {
    onClaimed();
    await done();
  }

  /** Shows a membership, or that there is none. @param {?object} membership */
  function show(membership) {
    shown = membership;
    const state = membership ? membership.state : "";
    byId("union-status").hidden = !membership;
    byId("union-name").textContent = membership ? membership.organisationName : "";
    byId("union-state").textContent = membership ? STANDINGS[state] : "";
    byId("union-state").className = OVER.includes(state) ? "mark" : "mark good";
    say(byId("union-words"), membership ? wordsOf(membership) : "");
    byId("withdraw-application").hidden = state !== "applied";
    byId("withdraw-transfer").hidden = state !== "transferring";
    byId("begin-transfer").hidden = !["active", "retained"].includes(state);
    byId("leave-union").hidden = !MEMBERS.includes(state);
    byId("result").hidden = true;
    say(byId("result-words"), "");
    if (["applied", "transferring"].includes(state)) {
      results.offer("result");
    }
    open(!membership || OVER.includes(state) ? "union-choice" : "");
  }

  function wordsOf({ state, since, joined, targetName, reviewBy, reason, lastEvent }) {
    switch (state) {
      case "applied":
        return `工会会在 ${lastDayWords(reviewBy)} 前审核；通过后会员卡自动出现。`;
      case "transferring":
        return `转往：${targetName}。办理期间会籍和会员卡照常有效。`;
      case "refused":
        return lastEvent === "withdraw" ? "您已撤回申请，可以重新申请。" : `${REFUSALS[reason] || "申请未通过"}。可以重新申请。`;
      case "left":
        return `您已于 ${since} 退会。可以重新申请入会。`;
      case "expelled":
        return `会籍已于 ${since} 终止。`;
      default: {
        const back = lastEvent === "refuse_transfer" ? `接转没有办成：${REFUSALS[reason] || "被退回"}。` : "";
        return `${back}${joined ? `会籍自 ${joined} 起算。` : ""}`;
      }
    }
  }

  async function send(method, path, options) {
    say(byId("union-problem"), "");
    try {
      await client.request(method, path, options);
      await done();
    } catch (error) {
      say(byId("union-problem"), error.message);
    }
  }

  async function transfer(union) {
    const ground = byId("transfer-ground").value;
    const words = `会籍将从“${shown.organisationName}”接转到“${union.name}”，不用重新入会，会员卡不变。`;
    const key = crypto.randomUUID();
    if (await confirmed({ title: "申请会籍接转？", words, yes: "申请接转" })) {
      const body = { organisationId: union.id, ground };
      await (await results.ask())();
      await send("POST", `${MEMBERSHIPS}/transfers`, { body, idempotencyKey: key });
    }
  }

  byId("to-claim").onclick = () => {
    claim.open();
    open("claim");
  };
  byId("to-join").onclick = () => {
    join.open();
    open("join");
  };
  byId("begin-transfer").onclick = () => {
    search.clear();
    results.prepare();
    open("transfer");
  };
  document.querySelectorAll("[data-close-panel]").forEach((button) => {
    button.onclick = () => show(shown);
  });
  byId("withdraw-application").onclick = () => send("DELETE", `${MEMBERSHIPS}/application`);
  byId("leave-union").onclick = async () => {
    if (await confirmed(LEAVE)) {
      await send("DELETE", `${MEMBERSHIPS}/current`);
    }
  };
  byId("withdraw-transfer").onclick = () => send("DELETE", `${MEMBERSHIPS}/transfers/current`);
  // A panel that somebody is filling in stays open while nothing has changed.
  member.onMembership((membership) => {
    const told = JSON.stringify(membership || null);
    if (told !== known) {
      known = told;
      show(membership);
    }
  });
}
