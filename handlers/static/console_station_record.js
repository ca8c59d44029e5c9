/** One station: its record as officers correct it, from the name to the facilities; tells `record` of a change. */

import { byId, say } from "./console.js";
import { createPart } from "./console_station_part.js";

const part = createPart(byId("record-problem"), "record");
const FIELDS = {
  name: "名称",
  address: "地址",
  position: "位置",
  entrance: "入口",
  kind: "类型",
  facilities: "设施",
  state: "状态",
  aliases: "别名",
  entry: "进门方式",
  floor: "楼层",
  way: "怎么走",
  parking: "电动车停放",
  capacity: "容纳人数",
  area: "面积",
  stars: "星级",
  finest: "最美",
  mode: "建设方式",
  phone: "电话",
  "premises.unit": "所在单位",
  "premises.phone": "单位电话",
};

const YES_NO = { yes: true, no: false };

const boxes = () => [...byId("record-facilities").querySelectorAll("input")];

async function load() {
  const record = await part.load();
  if (record) {
    show(record);
  }
}

function show(record) {
  for (const field of ["name", "address", "state"]) {
    byId(`record-${field}`).value = record[field];
  }
  byId("record-kind").value = record.kind ?? "";
  showPosition("record", record.position);
  showPosition("record-entrance", record.entrance);
  for (const box of boxes()) {
    box.checked = record.facilities.includes(box.value);
  }
  showDetails(record.details);
  byId("premises-unit").value = record.premises.unit ?? "";
  byId("premises-phone").value = record.premises.phone ?? "";
  const corrected = Object.keys(FIELDS).filter((field) => record.corrected.includes(field));
  const words = corrected.map((field) => FIELDS[field]).join("、");
  byId("record-words").textContent = `编号 ${record.code}，${record.district}，来自“${record.source}”。${words ? `${words}由工作人员填写，导入驿站表不会改动。` : ""}`;
}

function showPosition(place, position) {
  byId(`${place}-longitude`).value = position?.longitude ?? "";
  byId(`${place}-latitude`).value = position?.latitude ?? "";
  byId(`${place}-datum`).value = position?.datum ?? "gcj02";
}

function showDetails(details) {
  for (const field of ["floor", "way", "entry", "capacity", "area", "stars", "phone", "mode"]) {
    byId(`record-${field}`).value = details[field] ?? "";
  }
  byId("record-aliases").value = details.aliases.join("、");
  for (const field of ["parking", "finest"]) {
    byId(`record-${field}`).value = Object.keys(YES_NO).find((word) => YES_NO[word] === details[field]) ?? "";
  }
}

const textOf = (field) => byId(`record-${field}`).value.trim() || null;
const numberOf = (field) => (textOf(field) === null ? null : Number(textOf(field)));

/** What is left empty is not known. */
const detailsOf = () => ({
  aliases: byId("record-aliases").value.split(/[、,，;；]/).map((alias) => alias.trim()).filter(Boolean),
  floor: textOf("floor"),
  way: textOf("way"),
  entry: textOf("entry"),
  capacity: numberOf("capacity"),
  area: numberOf("area"),
  stars: numberOf("stars"),
  parking: YES_NO[textOf("parking")] ?? null,
  phone: textOf("phone"),
  mode: textOf("mode"),
  finest: YES_NO[textOf("finest")] ?? null,
});

/** Two numbers or none; one alone is sent, and refused by the interface as it is. */
function positionOf(place) {
  const [longitude, latitude] = [`${place}-longitude`, `${place}-latitude`].map((id) => byId(id).value);
  if (longitude === "" && latitude === "") {
    return null;
  }
  return { longitude: Number(longitude), latitude: Number(latitude), datum: byId(`${place}-datum`).value };
}

async function save(event) {
  event.preventDefault();
  const changed = {
    name: byId("record-name").value.trim(),
    address: byId("record-address").value.trim(),
    position: positionOf("record"),
    entrance: positionOf("record-entrance"),
    kind: byId("record-kind").value || null,
    facilities: boxes().filter((box) => box.checked).map((box) => box.value),
    details: detailsOf(),
    premises: {
      unit: byId("premises-unit").value.trim() || null,
      phone: byId("premises-phone").value.trim() || null,
    },
    state: byId("record-state").value,
  };
  const record = await part.save(changed);
  if (record) {
    byId("station").textContent = record.name;
    show(record);
    byId("station").dispatchEvent(new Event("record"));
    say(byId("done"), "已保存基本资料");
  }
}

byId("record-form").addEventListener("submit", save);
load();
