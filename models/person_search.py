"""Finding people by what an officer types: all of a name or a number, or a name with the end of the phone.

Invariants: only what is exact finds anybody, and what is typed meets blind indexes, never open text. A name
with the last four digits of the phone has no index of its own: the people of that name are read, a bounded
number of them, and their phones are opened in a thread.
"""

import asyncio
import re
from collections.abc import Sequence

from models.claims import Shelf
from models.errors import Invalid
from models.id_documents import list_keys
from models.people import NAMESAKES, People, VaultRow

# More people of one name than this are not read for the end of their phones.
NAMESAKES_READ = 5_000

_NAME_AND_ENDING = re.compile(r"(?P<name>.*\D)(?P<ending>\d{4})", re.ASCII)


class TooManyNamesakes(Invalid):
    """The name is too frequent to be searched by."""

    code = "too_many_namesakes"
    message = "同名的人太多，请在姓名后加上手机号后四位，或改用手机号、证件号码查找"


class PersonSearch:
    """Finds people; whose they are to see is the caller's to say."""

    def __init__(self, people: People, shelf: Shelf) -> None:
        self._people = people
        self._rows = shelf.rows
        self._identities = shelf.identities
        self._vault = shelf.vault

    async def list_by(self, text: str) -> list[str]:
        """Return the people of exactly this name, phone, ID document, or 会员证号 (or old card number).

        A name with four digits after it means those of that name whose phones end so. TooManyNamesakes.
        """
        found, numbered, ending = await asyncio.gather(
            self._people.list_by_name_or_phone(text), self._list_numbered(text), self._list_ending(text)
        )
        if len(found) > NAMESAKES:
            raise TooManyNamesakes
        return list(dict.fromkeys((*found, *numbered, *ending)))

    async def _list_numbered(self, text: str) -> list[str]:
        """Return whose ID document, of whatever kind, or card number this is."""
        asked = [("card_number", text), *(("id_document", key) for key in list_keys(text))]
        names = [f"{kind}:{self._vault.blind(kind, value)}" for kind, value in asked]
        return [one.person for one in await self._identities.list_({"_id": {"$in": names}})]

    async def _list_ending(self, text: str) -> list[str]:
        read = _NAME_AND_ENDING.fullmatch(text.strip())
        if read is None:
            return []
        rows = await self._rows.list_(
            {"name_index": self._vault.blind("name", read["name"])}, limit=NAMESAKES_READ + 1
        )
        if len(rows) > NAMESAKES_READ:
            raise TooManyNamesakes("同名的人太多，请改用手机号或证件号码查找")
        return await asyncio.to_thread(self._keep_ending, rows, read["ending"])

    def _keep_ending(self, rows: Sequence[VaultRow], ending: str) -> list[str]:
        phones = ((row.id, self._vault.open("vault", row.id, "phone", row.phone)) for row in rows)
        return [person for person, phone in phones if phone.endswith(ending)]
