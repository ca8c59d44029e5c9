/** One station: which organisation runs it, and so who is told when people doubt that it is open. */

import { askHere, byId, say } from "./console.js";
import { chooseOrganisation } from "./console_choice.js";

const HOST = `/api/v1/staff/stations/${byId("station").dataset.code}/organisation`;

async function load() {
  const host = await askHere(byId("host-problem"), "GET", HOST);
  if (host) {
    show(host);
  }
}

function show(host) {
  chooseOrganisation("host", { id: host.organisation ?? "", name: host.organisation ? host.organisationName : "" });
  byId("host-words").textContent = host.organisation
    ? `有人反映问题时，先通知站长 ${host.keepers} 人，两小时后通知工会工作人员 ${host.officers} 人。`
    : "没有确定由谁管理，反映的问题不通知任何人，只列在“驿站问题”里。";
}

async function save(event) {
  event.preventDefault();
  const body = { version: byId("station").dataset.version, organisation: byId("host").value || null };
  const host = await askHere(byId("host-problem"), "PUT", HOST, body);
  if (host) {
    byId("station").dataset.version = host.version;
    show(host);
    say(byId("done"), host.organisation ? `已确定由${host.organisationName}管理` : "已改为无人管理");
  }
}

byId("host-form").addEventListener("submit", save);
load();
