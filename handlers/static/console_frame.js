/** The console's frame: the way out. */

import { ask, byId } from "./console.js";

byId("sign-out").addEventListener("click", async () => {
  try {
    await ask("DELETE", "/api/v1/sessions/current");
  } finally {
    window.location.assign("/console/sign-in");
  }
});
