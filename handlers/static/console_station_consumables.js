/** One station: its consumables, with what has expired or runs out. */

import { action, byId, fill, make, row, say } from "./console.js";
import { createPart, rowField } from "./console_station_part.js";

const part = createPart(byId("consumables-problem"), "consumables");
const WANTS = { expired: "已过期", low: "不足" };
const NEW = { item: "", stock: "", least: 0, expires: null, wants: [] };

/** The rows as they stand, and what their fields say. */
let lines = [];

async function load() {
  const station = await part.load();
  if (station) {
    show(station);
  }
}

function show({ items }) {
  const wanting = items.filter((one) => one.wants.length > 0).map((one) => `${one.item}${wordsOf(one)}`);
  say(byId("consumables-words"), wanting.join("；"));
  lines = items.map(line);
  draw();
  // Before it is known what there is, a list to save would say that there is nothing.
  byId("consumables-form").hidden = false;
}

const wordsOf = ({ wants }) => wants.map((want) => WANTS[want]).join("、");

const draw = () => fill(byId("consumables-rows"), lines.map((one) => one.row), "没有登记耗材");

function line(consumable) {
  const { item, stock, least, expires } = consumable;
  const fields = {
    item: rowField("名称", "text", item, { required: true, maxLength: 40 }),
    stock: rowField("库存", "number", stock, { required: true, min: 0, max: 99999, inputMode: "numeric" }),
    least: rowField("提醒线", "number", least, { min: 0, max: 99999, inputMode: "numeric" }),
    expires: rowField("有效期至", "date", expires ?? "", {}),
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
  const station = await part.save({ items: lines.map((one) => one.read()) });
  if (station) {
    show(station);
    say(byId("done"), "已保存耗材");
  }
}

byId("consumables-add").addEventListener("click", add);
byId("consumables-form").addEventListener("submit", save);
load();
