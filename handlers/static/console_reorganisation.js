/** Moving, merging, closing and linking an organisation. */

import { byId, options, say } from "./console.js";
import { chooseOrganisation, chosenOrganisation, leaveOut } from "./console_choice.js";
import { createDialog } from "./console_dialog.js";
import { LINKS } from "./console_words.js";

const NOTHING = { id: "", name: "" };
const UNLINK = "unlink";

const WORDS = {
  move: "连同全部下级一起移到目标组织之下；会员和任命不变。",
  merge: "并入后不能再恢复：会员和下级归目标组织管理，正在审批的入会和接转由目标组织办理，本组织的任命立即结束，历史记录保留。",
  close: "关闭后不能再恢复：会员由上级工会接续，正在审批的入会和转入退回本人另选工会，本组织的任命立即结束，历史记录保留。请先处理下级组织。",
  [UNLINK]: "只解除关联，两个组织本身不变。",
};

const acting = createDialog("act");
let organisation = null;
let after = null;
let key = "";

/**
 * Opens the dialog.
 * @param {object} one the organisation as it was seen
 * @param {function(string): void} done told in words what was done
 */
export function openAct(one, done) {
  [organisation, after, key] = [one, done, crypto.randomUUID()];
  byId("act-title").textContent = one.name;
  for (const field of ["act-mine", "act-any"]) {
    chooseOrganisation(field, NOTHING);
    leaveOut(field, one.id);
  }
  byId("act-link").replaceChildren(...options(one.links.map((link) => [link.organisation.id, `${LINKS[link.kind]}：${link.organisation.name}`])));
  byId("act-kind").value = "move";
  byId("act-kind").querySelector(`[value=${UNLINK}]`).hidden = one.links.length === 0;
  choose();
  acting.open();
}

function choose() {
  const kind = byId("act-kind").value;
  byId("act-words").textContent = WORDS[kind] ?? "关联地方与产业两条线的组织，不改变上下级和管理权限。";
  byId("act-below").hidden = !["move", "merge"].includes(kind);
  byId("act-across").hidden = !(kind in LINKS);
  byId("act-linked").hidden = kind !== UNLINK;
  byId("act-why").hidden = kind in LINKS || kind === UNLINK;
}

/** The other organisation: one of mine to be moved below or merged into, any to be linked with. */
function targetOf(kind) {
  if (kind === "close") {
    return null;
  }
  return kind === UNLINK ? byId("act-link").value : chosenOrganisation(kind in LINKS ? "act-any" : "act-mine").id;
}

/** Sends it, and returns what was answered. */
function send(kind, target) {
  const path = `/api/v1/staff/organisations/${organisation.id}`;
  const version = organisation.version;
  if (kind === UNLINK) {
    return acting.send("DELETE", `${path}/links/${target}?version=${encodeURIComponent(version)}`);
  }
  if (kind in LINKS) {
    return acting.send("PUT", `${path}/links/${target}`, { kind, version });
  }
  const body = { kind, target, reason: byId("act-reason").value, version };
  return acting.send("POST", `${path}/reorganisations`, body, { "Idempotency-Key": key });
}

async function act(event) {
  event.preventDefault();
  const kind = byId("act-kind").value;
  const target = targetOf(kind);
  if (target === "") {
    say(byId("act-problem"), "请选择目标组织");
    return;
  }
  const tell = after;
  const done = await send(kind, target);
  if (done) {
    tell(kind === UNLINK ? "已解除关联" : kind in LINKS ? "已关联" : `已办理，编号 ${done.number}`);
  } else {
    key = crypto.randomUUID();
  }
}

byId("act-kind").addEventListener("change", choose);
byId("act-form").addEventListener("change", () => say(byId("act-problem"), ""));
byId("act-form").addEventListener("submit", act);
