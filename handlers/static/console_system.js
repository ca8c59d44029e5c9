/** The running system. It is asked on demand only: a page that asks by itself would never sign anybody out. */

import { byId, createAsking, fill, fixed, make, row, timeOf } from "./console.js";
import { ENGINE_KINDS, ENGINES, MIRRORS, MISSING } from "./console_words.js";

const running = createAsking(byId("problem"));

async function show() {
  const system = await running.ask("GET", "/api/v1/staff/system");
  if (!system) {
    return;
  }
  const { process } = system;
  showReadiness(system);
  const rows = system.engines.map((engine) => engineRow(engine, process.engineRestarts));
  fill(byId("engines"), rows, "");
  showQueues(system.queues);
  fill(
    byId("counts"),
    [
      timingRow("HTTP 请求（出错：5xx）", process.requests),
      timingRow("数据库调用", process.engineCalls),
      timingRow("微信接口调用", process.wechatCalls),
      timingRow("事件循环延迟", process.loopLag),
    ],
    "",
  );
  const events = Object.entries(process.events).sort((one, other) => other[1] - one[1]);
  fill(byId("events"), events.map(([event, times]) => row(make("span", "code", event), number(String(times)))), "启动以来没有");
}

function showReadiness(system) {
  const { missing, process } = system;
  const isReady = missing.length === 0;
  byId("ready-words").className = isReady ? "seal good" : "seal bad";
  byId("ready-words").textContent = isReady ? "就绪" : `未就绪：${missing.map((name) => MISSING[name] || name).join("、")}没有回答`;
  const facts = {
    时间: timeOf(system.serverTime),
    程序版本: system.version,
    数据结构版本: String(system.schema),
    进程: `第 ${process.index + 1} 个，共 ${process.processes} 个（进程号 ${process.pid}）`,
    已运行: span(process.uptimeSeconds),
    内存副本: freshness(process.mirrors),
    正在处理的请求: `${process.requestsRunning} 个（含本次）`,
  };
  byId("facts").replaceChildren(
    ...Object.entries(facts).flatMap(([name, text]) => [make("dt", "", name), make("dd", "", text)]),
  );
}

/** How old the oldest of the copies is that this process holds of the database in memory. */
function freshness(mirrors) {
  const absent = Object.keys(mirrors).filter((word) => mirrors[word] === null);
  if (absent.length > 0) {
    return `${absent.map((word) => MIRRORS[word] || word).join("、")}还没有载入`;
  }
  return `都在 ${seconds(Math.max(...Object.values(mirrors)))}内与数据库核对过`;
}

function engineRow(engine, restarts) {
  const isOwn = engine.name === "documents" && engine.kind === "embedded";
  const words = engine.problem || (isOwn && restarts > 0 ? `启动以来重启过 ${restarts} 次` : "");
  return row(
    fixed(ENGINES[engine.name]),
    fixed(ENGINE_KINDS[engine.kind]),
    make("td", "", make("span", engine.answers ? "mark good" : "mark bad", engine.answers ? "正常" : "没有回答")),
    make("td", "words", words),
  );
}

function showQueues(queues) {
  const rows = queues
    ? [
        row("微信推送来的事件", number(String(queues.pushes))),
        row("要发出的订阅消息", number(String(queues.messages))),
        row("要封存的审计记录", number(String(queues.entries))),
      ]
    : [];
  fill(byId("queues"), rows, "数据库没有回答，无法查看");
}

function timingRow(words, timing) {
  const within = timing.count === 0 ? "–" : "超过 10 秒";
  return row(
    fixed(words),
    number(String(timing.count)),
    number(String(timing.failed)),
    number(timing.count === 0 ? "–" : seconds(timing.meanSeconds)),
    number(timing.withinSeconds === null ? within : seconds(timing.withinSeconds)),
  );
}

const number = (text) => make("td", "fixed number", text);

function seconds(value) {
  return value < 1 ? `${Number((value * 1000).toPrecision(3))} 毫秒` : `${Number(value.toPrecision(3))} 秒`;
}

/** How long, in the two largest units. */
function span(total) {
  const minutes = Math.floor(total / 60);
  const hours = Math.floor(minutes / 60);
  if (hours >= 24) {
    return `${Math.floor(hours / 24)} 天 ${hours % 24} 小时`;
  }
  return hours > 0 ? `${hours} 小时 ${minutes % 60} 分钟` : `${minutes} 分钟`;
}

byId("refresh").addEventListener("click", show);
show();
