/** Moving, merging, closing and linking an organisation. */

import { askHere, byId, make, say } from "./console.js";
import { LINKS } from "./console_words.js";

const WORDS = {
  move: "连同全部下级一起移到目标组织之下；会员和任命不变。",
  merge: "并入后不能再恢复：会员和下级归目标组织管理，正在审批的入会和接转由目标组织办理，本组织的任命立即结束，历史记录保留。",
  close: "关闭后不能再恢复：会员由上级工会接续，正在审批的入会和转入退回本人另选工会，本组织的任命立即结束，历史记录保留。请先处理下级组织。",
};

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
  byId("act-search").value = "";
  byId("act-target").replaceChildren(option("", "请先查找"));
  say(byId("act-problem"), "");
  choose();
  byId("act").showModal();
}

const option = (value, words) => {
  const made = make("option", "", words);
  made.value = value;
  return made;
};

function choose() {
  const kind = byId("act-kind").value;
  byId("act-words").textContent = WORDS[kind] ?? "关联地方与产业两条线的组织，不改变上下级和管理权限。";
  byId("act-to").hidden = kind === "close";
  byId("act-why").hidden = kind in LINKS;
}

async function find() {
  const name = byId("act-search").value.trim();
  const found = await askHere(byId("act-problem"), "GET", `/api/v1/organisations?name=${encodeURIComponent(name)}`);
  if (found) {
    const options = found.items.filter((one) => one.id !== organisation.id).map((one) => option(one.id, one.above ? `${one.name}（${one.above}）` : one.name));
    byId("act-target").replaceChildren(...(options.length > 0 ? options : [option("", "没有找到")]));
  }
}

async function act(event) {
  event.preventDefault();
  const kind = byId("act-kind").value;
  const target = kind === "close" ? null : byId("act-target").value;
  if (target === "") {
    say(byId("act-problem"), "请先查找并选择目标组织");
    return;
  }
  const path = `/api/v1/staff/organisations/${organisation.id}`;
  const problem = byId("act-problem");
  const version = organisation.version;
  const done = kind in LINKS
    ? await askHere(problem, "PUT", `${path}/links/${target}`, { kind, version })
    : await askHere(problem, "POST", `${path}/reorganisations`, { kind, target, reason: byId("act-reason").value, version }, { "Idempotency-Key": key });
  if (done) {
    byId("act").close();
    after(kind in LINKS ? "已关联" : `已办理，编号 ${done.number}`);
  } else {
    key = crypto.randomUUID();
  }
}

byId("act-kind").addEventListener("change", choose);
byId("act-find").addEventListener("click", find);
byId("act-form").addEventListener("submit", act);
byId("act-cancel").addEventListener("click", () => byId("act").close());
