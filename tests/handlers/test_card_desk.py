"""Cards in life: loss, reissue by the holder and by staff, sheets of printed cards, through HTTP."""

import asyncio
import io
import re
import secrets
from typing import Any

import pytest
import zxingcpp
from PIL import Image

from handlers.pictures import CARD_HEIGHT, CARD_WIDTH, SHEET_HEIGHT, SHEET_WIDTH, _card_page
from models.card_desk import PrintedCard
from models.cards import CARDS
from models.print_codes import make_print_code
from server.service import Service
from tests.factories import Clock, Factory, Http, Reply, Someone

REISSUES = "/api/v1/card/reissues"


class Office:
    """An officer, a member of that subtree, and staff at a door."""

    def __init__(
        self,
        http: Http,
        make: Factory,
        officer: tuple[Someone, dict[str, str]],
        member: Someone,
        door: Someone,
    ) -> None:
        self._http = http
        self._make = make
        self.officer, self.headers = officer
        self.member = member
        self.door = door

    async def ask(self, method: str, path: str, body: object = None, key: str = "") -> Reply:
        headers = {**self.headers, "Idempotency-Key": key or secrets.token_hex(8)}
        return await self._http(method, f"/api/v1/staff/{path}", body, headers=headers)

    async def card(self, method: str, path: str = "", body: object = None, key: str = "") -> Reply:
        return await self.ask(method, f"members/{self.member.person}/card{path}", body, key)

    async def mine(self, method: str, path: str, body: object = None, key: str = "") -> Reply:
        headers = {"Idempotency-Key": key or secrets.token_hex(8)}
        return await self._http(method, path, body, token=self.member.token, headers=headers)

    async def scan(self, code: str) -> tuple[str, str | None]:
        reply = await self._http("POST", "/api/v1/scans", self._make.scan(code), token=self.door.token)
        assert reply.status == 201, reply.body
        return reply.json["outcome"], reply.json["reason"]


@pytest.fixture
async def office(http: Http, make: Factory) -> Office:
    place = await make.organisation()
    officer = await make.console("officer", place)
    member = await make.member(name="王小明", organisation=place)
    return Office(http, make, officer, member, await make.member(staff=True))


async def test_a_reissued_card_s_old_codes_and_prints_die_at_once(
    office: Office, make: Factory, service: Service
) -> None:
    old = make.code(office.member.card).text
    made = await office.mine("POST", "/api/v1/card/prints", {})
    text = await service.world.prints.get_code(office.member.person, made.json["number"])
    assert await office.scan(old) == await office.scan(text) == ("accepted", None)
    frozen = await office.mine("PUT", "/api/v1/card/state", {"state": "frozen", "reason": "lost"})
    assert frozen.json["state"] == "frozen"
    reply = await office.mine("POST", REISSUES, {"reason": "lost"})
    assert (reply.status, reply.json["state"], reply.json["seedVersion"]) == (201, "active", 2)
    assert len(reply.json["dayKeys"]) == 7
    assert await office.scan(old) == ("refused", "bad_signature")
    assert await office.scan(text) == ("refused", "revoked")
    assert await office.scan(make.code(office.member.card, seed_version=2).text) == ("accepted", None)
    again = await office.mine("POST", "/api/v1/card/prints", {})
    text = await service.world.prints.get_code(office.member.person, again.json["number"])
    assert (again.json["number"], await office.scan(text)) == (2, ("accepted", None))
    await service.world.auditing.work()
    assert office.member.card
    entries = await service.world.auditing.audit._store.list_({"object": office.member.card.id}, sort="order")
    assert sorted((entry.action, entry.details["reason"]) for entry in entries) == [
        ("card_frozen", "lost"),
        ("card_reissued", "lost"),
    ]


async def test_the_holder_sees_why_the_card_is_frozen_and_whether_only_staff_let_it_go(
    office: Office, clock: Clock
) -> None:
    async def seen() -> tuple[str, str | None, bool]:
        card = (await office.mine("GET", "/api/v1/card")).json
        return card["state"], card["frozenFor"], card["isHeld"]

    state = "/api/v1/card/state"
    assert await seen() == ("active", None, False)
    reply = await office.mine("PUT", state, {"state": "frozen"})
    assert (reply.json["frozenFor"], reply.json["isHeld"]) == (None, False)
    await office.mine("PUT", state, {"state": "active"})
    clock.advance(seconds=1)
    reply = await office.mine("PUT", state, {"state": "frozen", "reason": "stolen"})
    assert reply.json["frozenFor"] == "stolen"
    assert await seen() == ("frozen", "stolen", False)
    await office.card("PUT", "/state", {"state": "frozen", "reason": "misuse"})
    assert await seen() == ("frozen", "misuse", True)
    refused = await office.mine("PUT", state, {"state": "active"})
    assert (refused.status, refused.code) == (409, "card_held")
    await office.card("PUT", "/state", {"state": "active", "reason": "found"})
    assert await seen() == ("active", None, False)


async def test_a_reissue_sent_again_or_five_times_at_once_is_one(office: Office) -> None:
    body = {"reason": "leaked"}
    replies = await asyncio.gather(*(office.mine("POST", REISSUES, body, "same") for _ in range(5)))
    assert {(reply.status, reply.json["seedVersion"]) for reply in replies} == {(201, 2)}
    other = await office.mine("POST", REISSUES, {"reason": "lost"}, "same")
    assert (other.status, other.code) == (409, "idempotency_key_reused")
    assert (await office.mine("POST", REISSUES, {"reason": "because"})).status == 400


async def test_a_print_made_while_the_card_is_reissued_is_ended_or_newer(
    office: Office, service: Service
) -> None:
    bodies: list[tuple[str, dict[str, str]]] = [
        ("/api/v1/card/prints", {}),
        (REISSUES, {"reason": "lost"}),
    ]
    asked = [office.mine("POST", path, body) for path, body in bodies * 4]
    replies = await asyncio.gather(*asked)
    assert {reply.status for reply in replies} <= {201, 503}
    card = await service.world.cards.get_of(office.member.person)
    last = [number for number, made in card.prints.items() if made.revoked is None]
    reissues = [event for event in card.log.values() if event.seed_version]
    assert card.seed_version == 1 + len(reissues)
    assert sorted(event.seed_version or 0 for event in reissues) == list(range(2, len(reissues) + 2))
    assert all(card.prints[number].issued >= card.issued for number in last)


async def test_staff_freeze_and_reissue_with_a_reason_and_see_no_keys(office: Office, make: Factory) -> None:
    frozen = await office.card("PUT", "/state", {"state": "frozen", "reason": "stolen"})
    assert (frozen.status, frozen.json["state"], frozen.json["isHeld"]) == (200, "frozen", False)
    old = make.code(office.member.card).text
    assert await office.scan(old) == ("refused", "blocked")
    body = {"reason": "stolen"}
    replies = await asyncio.gather(*(office.card("POST", "/reissues", body, "one") for _ in range(3)))
    assert {(reply.status, reply.json["seedVersion"]) for reply in replies} == {(201, 2)}
    seen = (await office.card("GET")).json
    told = [(one["state"], one["by"], one["reason"], one["seedVersion"]) for one in seen["events"]]
    assert sorted(told, key=str) == [("active", "staff", "stolen", 2), ("frozen", "staff", "stolen", None)]
    assert office.officer.person not in str(seen)
    assert "dayKeys" not in seen


async def test_a_card_held_back_for_misuse_is_let_go_by_staff_alone(office: Office) -> None:
    assert (await office.mine("PUT", "/api/v1/card/state", {"state": "frozen"})).status == 200
    held = await office.card("PUT", "/state", {"state": "frozen", "reason": "misuse"})
    assert held.json["isHeld"] is True
    freed = await office.mine("PUT", "/api/v1/card/state", {"state": "active"})
    assert (freed.status, freed.code) == (409, "card_held")
    anew = await office.mine("POST", REISSUES, {"reason": "lost"})
    assert (anew.status, anew.code) == (409, "card_held")
    free = await office.card("PUT", "/state", {"state": "active", "reason": "found"})
    assert (free.json["state"], free.json["isHeld"]) == ("active", False)
    assert (await office.mine("POST", REISSUES, {"reason": "lost"})).status == 201


async def test_a_card_of_elsewhere_looks_like_one_that_is_not_there(office: Office, make: Factory) -> None:
    elsewhere = await make.member()
    sheet: dict[str, Any] = {"people": ["{}"]}
    for method, path, body in (
        ("GET", "members/{}/card", None),
        ("PUT", "members/{}/card/state", {"state": "frozen", "reason": "lost"}),
        ("POST", "members/{}/card/reissues", {"reason": "lost"}),
        ("POST", "card-sheets", sheet),
    ):
        answers = []
        for person in (elsewhere.person, "0000000000000000"):
            asked = {"people": [person]} if body is sheet else body
            reply = await office.ask(method, path.format(person), asked)
            answers.append((reply.status, reply.code))
        assert answers == [(404, "member_not_found")] * 2


async def test_an_officer_s_own_card_is_looked_after_by_another(office: Office) -> None:
    path = f"members/{office.officer.person}/card"
    for method, more, body in (
        ("PUT", "/state", {"state": "frozen", "reason": "lost"}),
        ("POST", "/reissues", {"reason": "lost"}),
    ):
        reply = await office.ask(method, path + more, body)
        # The fixture's officer is a member of the same organisation.
        assert (reply.status, reply.code) == (409, "own_card")


async def test_a_revoked_card_stays_revoked(office: Office, service: Service) -> None:
    assert office.member.card
    await service.world.cards._store.change({"_id": office.member.card.id}, {"state": "revoked"})
    for reply in (
        await office.mine("POST", REISSUES, {"reason": "lost"}),
        await office.card("POST", "/reissues", {"reason": "lost"}),
        await office.card("PUT", "/state", {"state": "active", "reason": "found"}),
    ):
        assert (reply.status, reply.code) == (409, "card_revoked")


async def test_a_card_of_before_seed_versions_is_reissued(office: Office, service: Service) -> None:
    assert office.member.card
    documents = service.world.cards._store._documents
    await documents.update_one({"_id": {"$eq": office.member.card.id}}, {"$unset": {"seed_version": ""}})
    reply = await office.mine("POST", REISSUES, {"reason": "damaged"})
    assert (reply.status, reply.json["seedVersion"], CARDS.name) == (201, 2, "cards")


def read_printed(sheet: bytes) -> list[str]:
    """The codes on a sheet as it leaves the printer: its pages are pictures within the PDF."""
    pages = re.findall(rb"stream\r?\n(\xff\xd8.*?)\r?\nendstream", sheet, re.DOTALL)
    return [found.text for page in pages for found in zxingcpp.read_barcodes(Image.open(io.BytesIO(page)))]


async def test_a_sheet_prints_each_card_once_and_its_codes_are_good(
    office: Office, service: Service, clock: Clock
) -> None:
    body = {"people": [office.member.person, office.officer.person]}
    first, again = [await office.ask("POST", "card-sheets", body, "sheet") for _ in range(2)]
    assert (first.status, first.headers["Content-Type"], first.body[:5]) == (201, "application/pdf", b"%PDF-")
    assert again.status == 201
    assert (await office.card("GET")).json["prints"][0]["number"] == 1
    assert len((await office.card("GET")).json["prints"]) == 1
    text = await service.world.prints.get_code(office.member.person, 1)
    other = await service.world.prints.get_code(office.officer.person, 1)
    assert sorted(read_printed(first.body)) == sorted([text, other])
    assert await office.scan(text) == ("accepted", None)
    await office.card("PUT", "/state", {"state": "frozen", "reason": "lost"})
    frozen = await office.ask("POST", "card-sheets", body, "another")
    assert (frozen.status, frozen.code) == (409, "card_frozen")
    await service.world.auditing.work()
    assert office.member.card
    entries = await service.world.auditing.audit._store.list_({"object": office.member.card.id}, sort="order")
    assert [entry.action for entry in entries].count("card_printed") == 2


def test_a_page_of_ten_cards_is_read_by_a_reader_that_is_not_ours() -> None:
    cards = [
        PrintedCard(
            name="王*明",
            organisation="碧沙岗街道快递行业工会联合会第一工会小组",
            serial=f"7K3QF2A9X{place}",
            number=place + 1,
            code=make_print_code(b"k" * 32, "1", f"7K3QF2A9X{place}", place + 1).text,
        )
        for place in range(10)
    ]
    page = _card_page(cards)
    assert (page.width, page.height) == (SHEET_WIDTH, SHEET_HEIGHT)
    found = zxingcpp.read_barcodes(page)
    assert sorted(one.text for one in found) == sorted(card.code for card in cards)
    assert pytest.approx(85.6 / 54, rel=0.01) == CARD_WIDTH / CARD_HEIGHT
    content = io.BytesIO()
    page.save(content, "PNG")
    assert Image.open(content).size == page.size
