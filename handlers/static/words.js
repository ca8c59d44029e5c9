/** Times, states and reasons in the words that people read. No page here: only text in, text out. */

const WEEKDAYS = "日一二三四五六";
const DAY_MILLISECONDS = 86400000;

export const STANDINGS = {
  applied: "入会申请审核中",
  active: "会籍有效",
  transferring: "会籍转移中",
  retained: "保留会籍",
  left: "已退会",
  expelled: "会籍已终止",
  refused: "入会申请未通过",
};

/** The standings that are membership: whoever is in one of them holds a card that counts. */
export const MEMBERS = ["active", "transferring", "retained"];

/** Why an application was not approved. */
export const REFUSALS = {
  not_eligible: "不符合入会条件",
  wrong_organisation: "应向另一个工会申请",
  identity_unproven: "身份未能核实",
  no_such_employment: "未查到您在该单位的用工关系",
  incomplete: "资料不全",
  organisation_closed: "您申请的工会已经关闭",
};

/** The last day of a time limit that ends at midnight, such as "7月20日". */
export function lastDayWords(end) {
  const [, month, day] = new Date(Date.parse(end) - 1000 + 8 * 3600000).toISOString().slice(0, 10).split("-");
  return `${Number(month)}月${Number(day)}日`;
}

export const REASONS = {
  unknown_code: "不是有效的卡码",
  bad_signature: "卡码无法验证",
  code_stale: "卡码已过期",
  blocked: "卡已冻结",
  revoked: "卡已作废",
  pending_approval: "入会申请审核中",
  member_expired: "会籍已终止",
  clock_doubtful: "扫码时间存疑，待复核",
  typed_serial: "手工输入卡号",
};

export const PURPOSES = { identify: "核对身份", check_in: "驿站到访" };

/** Midnight of a local time's day, as a number; the server writes local times, so its text is cut, not moved. */
const dayOf = (local) => Date.parse(`${local.slice(0, 10)}T00:00:00Z`);

/**
 * The day of a local time as seen from another: "" for the same day.
 * @param {string} local ISO 8601 with `+08:00`
 * @param {string} now likewise
 */
export function dayWords(local, now) {
  const days = (dayOf(local) - dayOf(now)) / DAY_MILLISECONDS;
  if (days === 0) {
    return "";
  }
  if (Math.abs(days) === 1) {
    return days > 0 ? "明天 " : "昨天 ";
  }
  const date = new Date(dayOf(local));
  return days > 0 && days < 7
    ? `周${WEEKDAYS[date.getUTCDay()]} `
    : `${date.getUTCMonth() + 1}月${date.getUTCDate()}日 `;
}

/** A local time as "18:30", with its day unless that is today. */
export const momentWords = (local, now) => dayWords(local, now) + local.slice(11, 16);

/** A local time to the second: two scans may be in one minute. */
export const exactWords = (local, now) => dayWords(local, now) + local.slice(11, 19);

/**
 * A moment as a local time, such as the server writes it.
 * @param {number} milliseconds
 */
export const localOf = (milliseconds) =>
  new Date(milliseconds + 8 * 3600000).toISOString().replace("Z", "+08:00");

/**
 * Whether a station is open, in words.
 * @param {{state: string, until: ?string, opensAt: ?string, reason: ?{words: string}}} open
 * @param {string} now the server's time
 */
export function opennessWords({ state, until, opensAt, reason }, now) {
  switch (state) {
    case "open":
      if (reason?.code === "keeper_opened") {
        return reason.words;
      }
      return until === null ? "24 小时开放" : `开放至 ${momentWords(until, now)}`;
    case "closing":
      return `即将关门，${momentWords(until, now)} 止`;
    case "closed":
      return [reason?.words, opensAt === null ? "今天不开放" : `${momentWords(opensAt, now)} 开门`]
        .filter(Boolean)
        .join("，");
    default:
      return reason?.words ?? "未公布开放时间";
  }
}

/** @param {number} metres */
export const distanceWords = (metres) =>
  metres < 1000 ? `${metres} 米` : `${(metres / 1000).toFixed(1)} 公里`;

/** A serial in two groups of five, as it is read aloud. @param {string} serial */
export const serialWords = (serial) => serial.replace(/(.{5})(?=.)/g, "$1 ");

/** How old a code is that was shown too late, or too early. @param {?number} skewSeconds */
export function skewWords(skewSeconds) {
  if (!skewSeconds) {
    return "";
  }
  const minutes = Math.abs(skewSeconds) / 60;
  const span = minutes < 1 ? `${Math.abs(skewSeconds)} 秒` : `${Math.round(minutes)} 分钟`;
  return skewSeconds < 0 ? `（约 ${span}前的码）` : `（比现在早 ${span}）`;
}

/**
 * Whether a scan that was to be a visit is one: "" for a scan that was not.
 * @param {{isVisit: (boolean|undefined), kind: string,
 *   verdict: ({visit: ({again: boolean, at: string, until: string}|undefined)}|undefined)}} result
 */
export function visitWords({ isVisit, kind, verdict }) {
  if (!isVisit) {
    return "";
  }
  if (kind === "waiting") {
    return "核验通过后计入到访";
  }
  const visit = verdict?.visit;
  if (!visit) {
    return "没有计入到访";
  }
  const next = `${visit.until.slice(11, 16)} 后可再计`;
  return visit.again ? `${visit.at.slice(11, 16)} 已计过到访，${next}` : `已计入到访，${next}`;
}

/** The messages that WeChat asks for, by purpose. */
export const MESSAGES = {
  membership_result: "会籍办理结果",
  membership_review: "会籍审批提醒",
  station_ticket: "驿站问题提醒",
};
