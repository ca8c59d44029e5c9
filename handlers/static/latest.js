/** Answers do not come in the order of asking: of several that are on their way, a page shows the latest's alone. */

/**
 * Makes the order of what is asked for one place of a page.
 * @returns {function(): function(): boolean} begins something newer: a question, or anything else after which earlier
 *   answers are void; what it returns tells whether that is still the latest
 */
export function createOrder() {
  let latest = 0;
  return () => {
    latest += 1;
    const own = latest;
    return () => own === latest;
  };
}
