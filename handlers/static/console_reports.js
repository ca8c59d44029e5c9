/** What people report of a station, as its staff read it: the facility, the words, the photo. */

import { make, timeOf } from "./console.js";

/** When it was reported, to the minute. */
export const whenOf = (report) => timeOf(report.at).slice(0, 16);

/** The facility that does not work, where somebody says which; else nothing. */
export const facilityOf = (report) => (report.facilityWords ? `${report.facilityWords}不能用` : "");

/** The words, told apart where WeChat has not passed them; none where there are none. @returns {(string|Node)[]} */
export function wordsOf(report) {
  const quoted = report.words ? [`“${report.words}”`] : [];
  return report.words && report.held ? [...quoted, " ", make("span", "mark wait", "未经微信审核")] : quoted;
}

/** A report's photo, which opens alone in its full size; one that WeChat objects to is not shown. */
export function photoOf(report) {
  const shown = make("img", "");
  shown.loading = "lazy";
  shown.src = `/api/v1/staff/reports/${report.report}/photo`;
  shown.alt = `${whenOf(report)} 反映时拍的照片，点开看原图`;
  const opens = make("a", "photo", shown);
  opens.href = shown.src;
  opens.target = "_blank";
  shown.addEventListener("error", () => opens.replaceWith(make("p", "quiet", "照片不能显示：可能没有通过内容安全检查，或已过期")));
  return opens;
}
