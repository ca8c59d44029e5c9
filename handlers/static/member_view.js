/** Who holds the phone: the masked name, the organisation and the standing; or why there is no card. */

import { byId, say } from "./demo.js";
import { createOrder } from "./latest.js";
import { MEMBERS, STANDINGS } from "./words.js";

const KEPT = "member";
const NOT_A_MEMBER = "not_a_member";
const MOST_WAITS = 10;
const WAIT_MILLISECONDS = 600;
const STRANGER =
  "入会后，这里就是您的互助服务卡。附近的驿站现在就能进：不用登录，不用入会。";
const OVER = "您现在不是会员，扫码台不再接受这张卡。重新入会后，还是用这张卡。";
const APPLICANT = "所在工会审核通过后，卡会自动出现在这里。附近的驿站现在就能进。";

/**
 * The holder's part of the page.
 * @param {{client: object, storage: object, card: object}} options `storage` keeps the holder for a start
 *   without a network; `card` is the card's view
 */
export function createMemberView({ client, storage, card }) {
  const begin = createOrder();
  let announce = () => {};
  let tellMembership = () => {};
  let waits = 0;
  let isClosed = false;

  function show(member) {
    tellMembership(member ? member.membership : null);
    byId("member-name").textContent = member ? member.name : "您好";
    byId("member-organisation").textContent = member ? member.membership.organisationName : "还不是工会会员";
    say(byId("member-standing"), member ? STANDINGS[member.membership.state] : "");
    card.suspend(member ? suspensionOf(member.membership.state) : null);
  }

  /** Why a card that was issued shows no code, if it does not: the right follows the membership. */
  function suspensionOf(state) {
    if (MEMBERS.includes(state)) {
      return null;
    }
    return state === "applied"
      ? [STANDINGS.applied, APPLICANT, { toStations: true }]
      : ["会员卡已停用", OVER, { toStations: true, toUnion: true }];
  }

  function kept() {
    return JSON.parse(storage.get(KEPT));
  }

  const held = () => kept()?.membership.state;

  async function refresh() {
    if (isClosed) {
      return;
    }
    const isLatest = begin();
    try {
      const member = await client.request("GET", "/api/v1/members/me");
      if (!isLatest()) {
        return;
      }
      storage.set(KEPT, JSON.stringify(member));
      show(member);
      await client.card();
      if (isLatest()) {
        waits = 0;
        card.tick();
        announce();
      }
    } catch (error) {
      if (isLatest()) {
        explain(error);
      }
    }
  }

  /** Says why there is no card; one that was fetched before is shown for a week whatever fails. */
  function explain(error) {
    if (error.code === NOT_A_MEMBER) {
      storage.remove(KEPT);
      show(null);
      card.absent(error.message, STRANGER, { toStations: true, toUnion: true });
    } else if (error.status === 404 && MEMBERS.includes(held()) && waits < MOST_WAITS) {
      waits += 1;
      card.absent("正在办卡…", "会员卡马上就好。");
      setTimeout(refresh, WAIT_MILLISECONDS);
    } else if (error.status === 404) {
      card.absent(error.message, APPLICANT, { toStations: true });
    } else if (client.keptCard() === null) {
      card.absent("卡还没有取到", error.message, { canRetry: true });
    } else {
      announce();
    }
  }

  byId("card-again").onclick = refresh;
  if (kept() !== null) {
    show(kept());
  } else {
    byId("member-name").textContent = "　";
    byId("member-organisation").textContent = "　";
    say(byId("member-standing"), "");
  }

  return {
    refresh,
    /** Calls back with the membership, or null, whenever it is learned. @param {function(?object): void} callback */
    onMembership: (callback) => {
      tellMembership = callback;
      callback(kept()?.membership ?? null);
    },
    /** Calls back whenever there is a card. @param {function(): void} callback */
    onCard: (callback) => {
      announce = callback;
    },
    close: () => {
      isClosed = true;
      begin();
    },
  };
}
