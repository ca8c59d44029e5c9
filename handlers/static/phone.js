/** The page of a member's phone: who holds it, the card, who scanned it, stations near a place, privacy. */

import { byId, clientOf, storageOf, wirePeople } from "./demo.js";
import { createCardView } from "./card_view.js";
import { createLossView } from "./loss_view.js";
import { createMemberView } from "./member_view.js";
import { popupOf } from "./popup.js";
import { createPrivacyView } from "./privacy_view.js";
import { createScansView } from "./scans_view.js";
import { createStationsView } from "./stations_view.js";
import { createUnionView } from "./union_view.js";
import { createVisitsView } from "./visits_view.js";

const phone = byId("phone");
const tabs = Array.from(document.querySelectorAll(".tabs button"));
let close = () => {};

/** Opens the page on a person's phone; what was open is closed first. */
function open(person) {
  close();
  const client = clientOf(person, { subscribe: popupOf(person) });
  const card = createCardView({ client });
  const member = createMemberView({ client, storage: storageOf(person), card });
  const loss = createLossView({ client, card });
  const scans = createScansView({ client, onNetwork: (isThere) => online(isThere, member, card) });
  const visits = createVisitsView({ client });
  stations.setVisitor(client);
  createUnionView({ client, person, member, onClaimed: () => show("card") });
  const privacy = createPrivacyView({ client, onErased: member.refresh });
  const refresh = () => document.visibilityState === "visible" && member.refresh();
  member.onCard(() => {
    scans.start();
    visits.start();
  });
  document.addEventListener("visibilitychange", refresh);
  close = () => {
    document.removeEventListener("visibilitychange", refresh);
    [card, loss, member, scans, visits, privacy].forEach((view) => view.close());
  };
  show((window.history.state || { view: "card" }).view);
  member.refresh();
  privacy.refresh();
}

/** What is known of the network comes from the requests; what was missed is fetched when it is back. */
function online(isThere, member, card) {
  if (card.setOnline(isThere) && isThere) {
    member.refresh();
  }
}

/** Shows one of the views, and again when a person comes back from a station's page. */
function show(view) {
  phone.dataset.view = view;
  window.history.replaceState({ view }, "");
  tabs.forEach((tab) => {
    if (tab.dataset.view === view) {
      tab.setAttribute("aria-current", "page");
    } else {
      tab.removeAttribute("aria-current");
    }
  });
  window.scrollTo(0, 0);
}

/** Follows the address: `#courier` is that person's phone, nothing is the choice of one. */
function follow() {
  const person = window.location.hash.slice(1);
  const isKnown = people.some((button) => button.dataset.person === person);
  byId("picker").hidden = isKnown;
  phone.hidden = !isKnown;
  byId("change-person").hidden = !isKnown;
  if (isKnown) {
    open(person);
  } else {
    close();
    close = () => {};
  }
}

const people = wirePeople((person) => {
  window.location.hash = person;
});
tabs.forEach((tab) => tab.addEventListener("click", () => show(tab.dataset.view)));
byId("to-stations").addEventListener("click", () => show("stations"));
byId("to-union").addEventListener("click", () => show("union"));
byId("change-person").addEventListener("click", () => {
  window.location.hash = "";
});
window.addEventListener("hashchange", follow);
const stations = createStationsView({ client: clientOf("guest") });
follow();
