/** One station: its consumables, with what has expired or runs out. */

import { action, askHere, byId, fill, make, row, say } from "./console.js";

const CONSUMABLES = `/api/v1/staff/stations/${byId("station").dataset.code}/consumables`;
const WANTS = { expired: "已过期", low: "不足" };
const NEW = { item: "", stock: "", least: 0, expires: null, wants: [] };

/** The rows as they stand, and what their fields say. */
let lines = [];

async function load() {
  const station = await askHere(byId("consumables-problem"), "GET", CONSUMABLES);
  if (station) {
    show(station);
  }
}

function show({ items }) {
  const wanting = items.filter((one) => one.wants.length > 0).map((one) => `${one.item}${wordsOf(one)}`);
  say(byId("consumables-words"), wanting.join("；"));
  lines = items.map(line);
  draw();
}

const wordsOf = ({ wants }) => wants.map((want) => WANTS[want]).join("、");

const draw = () => fill(byId("consumables-rows"), lines.map((one) => one.row), "没有登记耗材");

function line(consumable) {
  const { item, stock, least, expires } = consumable;
  const fields = {
    item: field("名称", "text", item, { required: true, maxLength: 40 }),
    stock: field("库存", "number", stock, { required: true, min: 0, max: 99999, inputMode: "numeric" }),
    least: field("提醒线", "number", least, { min: 0, max: 99999, inputMode: "numeric" }),
    expires: field("有效期至", "date", expires ?? "", {}),
  };
  const words = wordsOf(consumable);
  const state = words ? [make("span", "mark bad", words), " "] : [];
  const made = {
    row: row(
      fields.item,
      fields.stock,
      fields.least,
      fields.expires,
      make("td", "fixed", ...state, action("删去", `删去 ${item || "这一项"}`, () => remove(made))),
    ),
    first: fields.item,
    read: () => ({
      item: fields.item.value.trim(),
      stock: Number(fields.stock.value),
      least: Number(fields.least.value),
      expires: fields.expires.value || null,
    }),
  };
  return made;
}

function field(label, type, value, more) {
  const made = make("input", "");
  Object.assign(made, { type, value, autocomplete: "off" }, more);
  made.setAttribute("aria-label", label);
  return made;
}

function remove(gone) {
  lines = lines.filter((one) => one !== gone);
  draw();
}

function add() {
  const made = line(NEW);
  lines = [...lines, made];
  draw();
  made.first.focus();
}

async function save(event) {
  event.preventDefault();
  const body = { version: byId("station").dataset.version, items: lines.map((one) => one.read()) };
  const station = await askHere(byId("consumables-problem"), "PUT", CONSUMABLES, body);
  if (station) {
    byId("station").dataset.version = station.version;
    show(station);
    say(byId("done"), "已保存耗材");
  }
}

byId("consumables-add").addEventListener("click", add);
byId("consumables-form").addEventListener("submit", save);
load();
