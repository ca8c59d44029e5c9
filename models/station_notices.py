"""Subscription messages about tickets: to the 站长 when one is opened, to officers when it is theirs.

First the officers nearest to the organisation that runs the station are told; once their time has run out,
those of the next level above that has some, or the same again where there is none.

A message is named after the ticket, whose turn it is and the WeChat account, and so goes out once however
often it is asked for. Of a station that nobody runs the officers of the whole city are told.
"""

from collections.abc import Mapping
from types import MappingProxyType

from models.evidence import Problem
from models.message_fields import spell
from models.messages import Messages
from models.people import People
from models.station_board import StationBoard
from models.station_hosts import StationHosts
from models.station_tickets import Ticket, Tier
from models.stations import NoSuchStation, Station

PURPOSE = "station_ticket"
PAGE = "pages/staff/index"
LONGEST_THING = 20
PHRASES: Mapping[Problem, str] = MappingProxyType(
    {
        "locked": "有人说锁门",
        "nothing_works": "设施不能用",
        "facility_broken": "设施有损坏",
        "wrong_place": "位置有误",
        "other": "有问题",
    }
)
"""What is wrong; five characters at most (WeChat, phrase)."""
LATE_PHRASE = "超期未处理"


class StationNotices:
    """Tells those whose turn a ticket is."""

    def __init__(self, messages: Messages, people: People, board: StationBoard, hosts: StationHosts) -> None:
        self._messages = messages
        self._people = people
        self._board = board
        self._hosts = hosts

    async def tell(self, ticket: Ticket) -> None:
        """Queue a message to each whose turn it is."""
        try:
            station = self._board.get(ticket.station)
        except NoSuchStation:
            return
        fields = {
            "thing1": station.name[:LONGEST_THING],
            "phrase2": LATE_PHRASE if ticket.tier == "district" else PHRASES[ticket.problem],
            "date3": spell(ticket.due or ticket.opened),
        }
        for person in self._list_people(ticket.tier, station):
            for account in await self._people.list_accounts(person):
                name = f"{PURPOSE}:{ticket.id}:{ticket.tier}:{account}"
                await self._messages.queue(name, account, PURPOSE, PAGE, fields)

    def _list_people(self, tier: Tier, station: Station) -> list[str]:
        if tier == "keeper":
            return self._hosts.list_keepers(station)
        return self._hosts.list_officers(station, is_late=tier == "district")
