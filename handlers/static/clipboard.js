/** Copying text, also where the page has no secure address and the browser no `navigator.clipboard`. */

/**
 * Copies text.
 * @param {string} text
 * @returns {Promise<boolean>} whether it worked
 */
export async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch (refused) {
    return copiedBySelection(text);
  }
}

function copiedBySelection(text) {
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "offscreen";
  document.body.append(field);
  field.select();
  try {
    return document.execCommand("copy");
  } finally {
    field.remove();
  }
}
