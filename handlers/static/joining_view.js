/** Joining in three steps: how one works; which union; who one is. */

import { GIG_KINDS, WORKER_FORMS } from "./console_words.js";
import { byId, make, say } from "./demo.js";
import { agreeToNotice } from "./notice.js";
import { createUnionSearch } from "./union_search.js";

const STEPS = ["work", "union", "person"];

/**
 * The steps; nothing is sent before the last.
 * @param {{client: object, results: object, onDone: function(): void}} options
 */
export function createJoiningView({ client, results, onDone }) {
  let union = null;
  let key = "";
  const search = createUnionSearch({
    client,
    prefix: "join-union",
    onPick: (picked) => {
      union = picked;
      show("person");
    },
  });

  function show(step) {
    STEPS.forEach((name) => {
      byId(`join-${name}`).hidden = name !== step;
    });
    const number = STEPS.indexOf(step) + 1;
    byId("join-step").textContent = `第 ${number} 步，共 ${STEPS.length} 步`;
    byId("join-back").hidden = number === 1;
    say(byId("join-problem"), "");
    if (step === "person") {
      key = crypto.randomUUID();
      const gig = chosen("gig-kind");
      const work = gig ? `${WORKER_FORMS.gig}（${GIG_KINDS[gig]}）` : WORKER_FORMS[chosen("worker-form")];
      byId("join-summary").textContent = `${work}，加入：${union.name}`;
    }
    byId("join-title").scrollIntoView({ block: "nearest" });
  }

  const chosen = (name) => document.querySelector(`input[name=${name}]:checked`)?.value ?? "";

  function choices(name, words) {
    return Object.entries(words).map(([value, text]) => {
      const input = make("input", "");
      Object.assign(input, { type: "radio", name, value });
      return make("label", "choice", input, text);
    });
  }

  function afterWork() {
    if (chosen("worker-form") === "" || (chosen("worker-form") === "gig" && chosen("gig-kind") === "")) {
      say(byId("join-problem"), "请选择用工形式；新就业形态请再选职业");
      return;
    }
    show("union");
  }

  function back() {
    show(byId("join-person").hidden ? "work" : "union");
  }

  async function send(event) {
    event.preventDefault();
    byId("join-send").disabled = true;
    say(byId("join-problem"), "");
    try {
      const report = await results.ask();
      await agreeToNotice(client);
      await report();
      await client.request("POST", "/api/v1/memberships", { body: application(), idempotencyKey: key });
      await client.signIn();
      onDone();
    } catch (error) {
      say(byId("join-problem"), error.message);
    }
    byId("join-send").disabled = false;
  }

  function application() {
    const document = { number: byId("join-number").value.trim(), kind: byId("join-kind").value };
    if (byId("join-born").value) {
      document.birthDate = byId("join-born").value;
    }
    const body = {
      name: byId("join-name").value.trim(),
      document,
      phone: byId("join-phone").value.trim(),
      organisationId: union.id,
      workerForm: chosen("worker-form"),
    };
    return body.workerForm === "gig" ? { ...body, gigKind: chosen("gig-kind") } : body;
  }

  byId("worker-forms").replaceChildren(...choices("worker-form", WORKER_FORMS));
  byId("gig-kinds").replaceChildren(...choices("gig-kind", GIG_KINDS));
  byId("gig-field").hidden = true;
  byId("worker-forms").onchange = () => {
    byId("gig-field").hidden = chosen("worker-form") !== "gig";
    document.querySelectorAll("input[name=gig-kind]").forEach((one) => {
      one.checked = false;
    });
  };
  byId("join-kind").onchange = () => {
    byId("join-born-field").hidden = !["hk_macau_permit", "taiwan_permit", "passport"].includes(byId("join-kind").value);
  };
  byId("join-next").onclick = afterWork;
  byId("join-back").onclick = back;
  byId("join-person").onsubmit = send;

  return {
    open: () => {
      union = null;
      results.prepare();
      byId("join-person").reset();
      search.clear();
      show("work");
    },
  };
}
