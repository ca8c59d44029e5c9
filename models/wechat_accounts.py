"""WeChat accounts: whose they are, as a login finds out, by openid and unionid.

An openid is the account's name in this mini program, a unionid in all that are bound to one open platform
account (code2Session gives it only then). Both are identities. The openid decides; by the unionid somebody is
recognised who comes by an openid that nobody is known by, as after the mini program has moved to another
AppID. Nothing is kept of whoever is not known by either: of a silent login only the session is.
"""

from models.audit import Audit, Fact
from models.people import Identity, People
from models.store import Duplicate, Store
from models.vault import Vault

UNIONID = "unionid:"


class WeChatAccounts:
    """Recognises accounts, and forgets them."""

    def __init__(self, identities: Store[Identity], people: People, vault: Vault, audit: Audit) -> None:
        self._identities = identities
        self.people = people
        self._vault = vault
        self._audit = audit

    async def recognise(self, openid: str, unionid: str | None) -> str | None:
        """Return the person who uses an account, None if nobody is known by it. One read, mostly.

        What is new is kept: the unionid of whoever is known, the openid of whoever is recognised by it. A
        unionid that stands at another person, as after an officer's decision on a claim, follows the openid.
        """
        account = self.people.subject_of(openid)
        if unionid is None:
            return await self.people.find_by_subject(account)
        union = f"{UNIONID}{self._vault.blind('unionid', unionid)}"
        found = await self._identities.list_({"_id": {"$in": [account, union]}})
        known = {one.id: one.person for one in found}
        person = known.get(account)
        if person is None and union in known:
            return await self._add(account, known[union])
        if person is not None and known.get(union) != person:
            await self._keep(union, person)
        return person

    async def forget(self, openid: str) -> None:
        """Part an account from its person, who stays known by the ID document, and by no unionid either."""
        person = await self.people.find_by_openid(openid)
        for one in await self._identities.list_({"person": person}) if person else ():
            if one.id.startswith(UNIONID):
                await self._identities.delete({"_id": one.id})
        await self.people.forget_openid(openid)

    async def _add(self, account: str, person: str) -> str:
        """Give a person another account; return whose it is, should it have become somebody's meanwhile."""
        fact = Fact(actor=person, action="account_recognised", kind="person", object=person)
        await self._audit.record(fact)
        try:
            await self._identities.insert(Identity(id=account, person=person))
        except Duplicate:
            return await self.people.find_by_subject(account) or person
        return person

    async def _keep(self, union: str, person: str) -> None:
        try:
            await self._identities.insert(Identity(id=union, person=person))
        except Duplicate:
            await self._identities.change({"_id": union}, {"person": person})
