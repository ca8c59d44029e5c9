/** One station: which organisation runs it, and so who is told when people doubt that it is open. */

import { byId, options, say } from "./console.js";
import { chooseOrganisation } from "./console_choice.js";
import { createPart } from "./console_station_part.js";

const EVERYBODY = ["", "不指定：全部站长都通知"];
const part = createPart(byId("host-problem"), "organisation");

let shown = null;

async function load() {
  const host = await part.load();
  if (host) {
    show(host);
  }
}

function show(host) {
  shown = host;
  chooseOrganisation("host", { id: host.organisation ?? "", name: host.organisation ? host.organisationName : "" });
  showKeepers();
  const own = host.choices.find((one) => one.appointment === host.keeper);
  const keepers = own ? `本站站长 ${labelOf(own)}` : `站长 ${host.keepers} 人`;
  byId("host-words").textContent = host.organisation
    ? `有人反映问题时，先通知${keepers}，两小时后通知工会工作人员 ${host.officers} 人，再过一天通知上一级。`
    : withoutHost(host.officers);
}

function withoutHost(officers) {
  const told = officers > 0 ? `反映的问题通知市级工会工作人员 ${officers} 人` : "反映的问题不通知任何人，只列在“驿站问题”里";
  return `没有确定由谁管理，${told}。`;
}

/** The 站长 of the organisation that runs the station; those of another are known once that is saved. */
function showKeepers() {
  const choice = byId("keeper");
  const isSame = byId("host").value === (shown.organisation ?? "");
  const choices = isSame ? shown.choices : [];
  choice.replaceChildren(...options([EVERYBODY, ...choices.map((one) => [one.appointment, labelOf(one)])]));
  choice.value = (isSame && shown.keeper) || "";
  choice.disabled = choices.length === 0;
}

/** Masked names may be alike: since when somebody is appointed tells them apart. */
const labelOf = ({ name, since }) => `${name}（${since.slice(0, 10)} 起）`;

async function save(event) {
  event.preventDefault();
  const host = await part.save({
    organisation: byId("host").value || null,
    keeper: byId("keeper").value || null,
  });
  if (host) {
    show(host);
    say(byId("done"), host.organisation ? `已确定由${host.organisationName}管理` : "已改为无人管理");
  }
}

byId("host-form").addEventListener("submit", save);
byId("host").addEventListener("change", showKeepers);
load();
