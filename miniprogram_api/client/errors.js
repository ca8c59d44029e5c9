"use strict";

/** Failures as the pages see them: one class, a stable `code` for programs, Chinese words for people. */

/**
 * A request that did not succeed.
 *
 * `status` is the HTTP status, or 0 when no answer came. `code` is the server's, or one of the client's own:
 * "network_failed", "timed_out", "login_failed", "bad_answer" (the answer is not ours: a proxy's or a
 * hotspot's page). `details.retryAfter`, in seconds, says when to come back, if the server said so.
 */
class ApiError extends Error {
  /**
   * @param {object} failure
   * @param {number} failure.status
   * @param {string} failure.code
   * @param {string} failure.message in Chinese, for the person
   * @param {object} [failure.details]
   * @param {?string} [failure.requestId]
   */
  constructor({ status, code, message, details = {}, requestId = null }) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.details = details;
    this.requestId = requestId;
  }
}

const OWN_MESSAGES = {
  network_failed: "网络不可用，请检查网络后重试",
  timed_out: "网络太慢，请稍后重试",
  login_failed: "登录未成功，请重试",
  bad_answer: "服务暂时不可用，请稍后再试",
};

/**
 * A failure that the client found itself.
 * @param {"network_failed"|"timed_out"|"login_failed"|"bad_answer"} code
 * @param {number} [status] of the answer, if there was one
 * @param {*} [cause] what was thrown below
 * @returns {ApiError}
 */
function ownError(code, status = 0, cause = null) {
  const error = new ApiError({ status, code, message: OWN_MESSAGES[code] });
  error.cause = cause;
  return error;
}

module.exports = { ApiError, ownError };
