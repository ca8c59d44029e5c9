/** What the law gives everybody: the notice, a switch for each consent, the export, erasing. */

import { byId, make, say } from "./demo.js";
import { createOrder } from "./latest.js";
import { exactWords, localOf } from "./words.js";

const NOTICE = "notice";
const GUEST = "not_a_member";

/**
 * The privacy part of the page.
 * @param {{client: object, onErased: function(): void}} options
 */
export function createPrivacyView({ client, onErased }) {
  const beginCorrections = createOrder();
  let isClosed = false;
  let isBusy = false;
  let correctionKey = crypto.randomUUID();

  async function refresh() {
    try {
      show(await client.consents());
    } catch (error) {
      complain(error);
    }
  }

  async function listCorrections() {
    const isLatest = beginCorrections();
    try {
      const { items } = await client.corrections();
      if (isLatest() && !isClosed) {
        byId("correct-list").replaceChildren(...items.map(correction));
      }
    } catch (error) {
      if (isLatest() && error.code !== GUEST) {
        complain(error);
      }
    }
  }

  async function correct(event) {
    event.preventDefault();
    try {
      await client.askForCorrection({ name: byId("correct-name").value.trim() }, correctionKey);
      correctionKey = crypto.randomUUID();
      byId("correct-name").value = "";
      say(byId("privacy-problem"), "");
    } catch (error) {
      complain(error);
    }
    await listCorrections();
  }

  function complain(error) {
    if (!isClosed) {
      const words = error.code === GUEST ? "这一项要先成为会员才用得上。" : error.message;
      say(byId("privacy-problem"), words);
    }
  }

  function show({ items }) {
    if (isClosed) {
      return;
    }
    say(byId("privacy-problem"), "");
    const [notice] = items;
    byId("agree").hidden = !notice.mayAsk;
    byId("notice-version").textContent = `版本 ${notice.text.version}`;
    byId("consents-list").replaceChildren(...items.map((item) => row(item, answer)));
  }

  /** Gives or withdraws one consent, one at a time. */
  async function answer({ text }, isGiven) {
    if (isBusy) {
      return;
    }
    isBusy = true;
    try {
      show(await client.answerConsent({ purpose: text.purpose, given: isGiven, version: text.version }));
    } catch (error) {
      complain(error);
      isBusy = false;
      return;
    }
    isBusy = false;
  }

  async function answerNotice(isGiven) {
    try {
      const { items } = await client.consents();
      await answer(items[0], isGiven);
    } catch (error) {
      complain(error);
    }
  }

  async function showExport() {
    byId("export").disabled = true;
    try {
      const found = await client.exportMyData();
      if (!isClosed) {
        list(found);
      }
    } catch (error) {
      complain(error);
    } finally {
      byId("export").disabled = false;
    }
  }

  function list(found) {
    const now = localOf(client.now());
    say(byId("export-words"), `${exactWords(found.madeAt, now)} 生成，共 ${count(found)} 条`);
    byId("export-parts").replaceChildren(...found.parts.map(part));
    const file = new Blob([JSON.stringify(found, null, 2)], { type: "application/json" });
    const link = byId("export-file");
    URL.revokeObjectURL(link.href);
    link.href = URL.createObjectURL(file);
    link.hidden = false;
    byId("export-page").hidden = false;
  }

  /** Saves the same as a page that any browser shows, without a network and for years. */
  async function savePage() {
    say(byId("privacy-problem"), "");
    try {
      await client.consents(); // Whatever session this needs is there then.
      const headers = { Authorization: `Bearer ${client.heldToken()}` };
      const answer = await fetch("/api/v1/members/me/export.html", { headers });
      if (!answer.ok) {
        throw new Error((await answer.json()).message);
      }
      const link = make("a", "");
      link.href = URL.createObjectURL(await answer.blob());
      link.download = "我的信息.html";
      link.click();
      URL.revokeObjectURL(link.href);
    } catch (error) {
      complain(error);
    }
  }

  /** Asks first what would happen; the answer says which word confirms it. */
  async function beginErasing() {
    try {
      await client.eraseMe();
    } catch (error) {
      if (error.code !== "erasure_not_confirmed") {
        complain(error);
      } else if (!isClosed) {
        byId("erase-destroyed").replaceChildren(...error.details.destroyed.map((words) => make("li", "", words)));
        byId("erase-kept").replaceChildren(...error.details.kept.map((words) => make("li", "", words)));
        byId("erase-begin").hidden = true;
        byId("erase-form").hidden = false;
        byId("erase-word").focus();
      }
    }
  }

  async function erase(event) {
    event.preventDefault();
    try {
      await client.eraseMe(byId("erase-word").value.trim());
    } catch (error) {
      complain(error);
      return;
    }
    await client.signOut();
    if (!isClosed) {
      forget();
      say(byId("erase-done"), "已注销。您的姓名、证件号、手机号和微信账号标识已经销毁。");
      onErased();
    }
  }

  function forget() {
    byId("erase-form").hidden = true;
    byId("erase-begin").hidden = false;
    byId("erase-word").value = "";
    byId("export-file").hidden = true;
    byId("export-page").hidden = true;
    byId("export-parts").replaceChildren();
    say(byId("export-words"), "");
    say(byId("erase-done"), "");
  }

  forget();
  byId("agree").hidden = true;
  byId("consents-list").replaceChildren();
  byId("agree-yes").onclick = () => answerNotice(true);
  byId("agree-no").onclick = () => answerNotice(false);
  byId("export").onclick = showExport;
  byId("export-page").onclick = savePage;
  byId("correct-form").onsubmit = correct;
  document.querySelector(".tabs [data-view=privacy]").onclick = listCorrections;
  byId("correct-list").replaceChildren();
  byId("erase-begin").onclick = beginErasing;
  byId("erase-cancel").onclick = forget;
  byId("erase-form").onsubmit = erase;

  return {
    refresh,
    close: () => {
      isClosed = true;
      byId("agree").hidden = true;
      say(byId("privacy-problem"), "");
    },
  };
}

/** One purpose: its switch, why it is asked for, and what it means. */
function row(item, answer) {
  const { text, given, answeredAt } = item;
  const title = make("strong", "", text.title);
  title.id = `consent-${text.purpose}`;
  const toggle = make("button", "switch", given ? "已同意" : "未同意");
  toggle.type = "button";
  toggle.setAttribute("role", "switch");
  toggle.setAttribute("aria-checked", String(given));
  toggle.setAttribute("aria-labelledby", title.id);
  toggle.dataset.purpose = text.purpose;
  toggle.onclick = () => answer(item, !given);
  const since = answeredAt === null ? "还没有选择过" : `${answeredAt.slice(0, 10)} 选择`;
  const more = make("details", "", make("summary", "", "说明"));
  more.append(
    make("p", "", `收集：${text.kinds.join("、")}`),
    make("p", "", `影响：${text.impact}`),
    make("p", "", text.without),
  );
  const head = make("div", "consent-head", title, toggle);
  const name = text.purpose === NOTICE ? "consent first" : "consent";
  return make("li", name, head, make("p", "quiet", text.why), make("p", "quiet", since), more);
}

const CORRECTIONS = { open: "待核实", applying: "更正中", done: "已更正", refused: "未更正" };
const REFUSALS = {
  not_proven: "未能核实",
  already_right: "原记录无误",
  wrong_document: "证件有误",
  document_taken: "证件已登记在他人名下",
};

function correction({ corrects, state, askedAt, reason }) {
  const what = corrects === "name" ? "姓名" : "证件";
  const why = reason === null ? "" : `（${REFUSALS[reason]}）`;
  return make("li", "", `${askedAt.slice(0, 10)} 申请更正${what}：${CORRECTIONS[state]}${why}`);
}

const count = ({ parts }) => parts.reduce((sum, { rows }) => sum + rows.length, 0);

function part({ title, rows }) {
  const shown = make("details", "", make("summary", "", `${title}（${rows.length}）`));
  rows.forEach((one) => {
    const terms = Object.entries(one).flatMap(([label, text]) => [make("dt", "", label), make("dd", "", text)]);
    shown.append(make("dl", "facts-of-mine", ...terms));
  });
  return shown;
}
