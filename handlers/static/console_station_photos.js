/** One station: its photos, which everybody sees: adding, putting in order, removing. */

import { action, askHere, byId, createAsking, make, options, say } from "./console.js";
import { STATION } from "./console_station_part.js";

const SUBJECTS = [...byId("photos-subject").options].map(({ value, text }) => [value, text]);

const asking = createAsking(byId("photos-problem"));
let album = null;

async function load() {
  show(await asking.ask("GET", `${STATION}/album`));
}

function show(answer) {
  if (!answer) {
    return;
  }
  asking.forget();
  album = answer;
  const { photos, most } = album;
  byId("photos").replaceChildren(...photos.map(item));
  const shown = photos.length > 0 ? `已有 ${photos.length} 张，第一张最先看到。` : "还没有照片。";
  byId("photos-words").textContent = `公开显示在驿站页面上，最多 ${most} 张。${shown}`;
  byId("photos-form").hidden = photos.length >= most;
}

/** A photo with what can be done to it. */
function item(photo, place) {
  const label = `第 ${place + 1} 张`;
  const picture = make("img", "");
  Object.assign(picture, { alt: `${label}：${photo.words}`, width: photo.width, height: photo.height, loading: "lazy" });
  picture.src = new URL(photo.url).pathname;
  const subject = make("select", "", ...options(SUBJECTS));
  subject.setAttribute("aria-label", `${label}拍的是什么`);
  subject.value = photo.subject;
  subject.addEventListener("change", () => arrange(replaced(place, { ...photo, subject: subject.value })));
  const first = action("放到最前", `把${label}放到最前`, () => arrange([photo, ...replaced(place)]));
  first.disabled = place === 0;
  const remove = action("撤下", `撤下${label}`, () => arrange(replaced(place)));
  return make("li", "", picture, make("div", "tools", subject, first, remove));
}

/** The photos with others in one's place. */
const replaced = (place, ...others) => album.photos.flatMap((one, at) => (at === place ? others : [one]));

async function arrange(photos) {
  const placed = photos.map(({ photo, subject }) => ({ photo, subject }));
  const body = { version: album.version, photos: placed };
  const answer = await askHere(byId("photos-problem"), "PUT", `${STATION}/album`, body);
  if (answer) {
    show(answer);
    say(byId("done"), "已保存照片");
  } else {
    show(album);
  }
}

async function add(event) {
  event.preventDefault();
  const [file] = byId("photos-file").files;
  const path = `${STATION}/photos?subject=${byId("photos-subject").value}`;
  byId("photos-add").disabled = true;
  const answer = await askHere(byId("photos-problem"), "POST", path, file);
  byId("photos-add").disabled = false;
  if (answer) {
    byId("photos-form").reset();
    show(answer);
    say(byId("done"), "已添加照片");
  }
}

byId("photos-form").addEventListener("submit", add);
load();
