"""Appoints somebody, and issues the console account: `scripts/appoint --role ROLE --organisation NAME`.

What names the person is asked for, so that it stays out of the shell's history and of the list of processes.
The first administrators come this way. The enrolment code and the authenticator's link are printed once and
kept nowhere in the open; they are good for a day. `--account` issues an account (again: everything reset),
`--create` makes the organisation as a new root of `--tree` (地方 or 产业) when it is not there, `--end ID`
ends an appointment.
"""

import argparse
import asyncio
import os
import sys
from datetime import UTC, datetime

import qrcode

from models.appointments import CONSOLE, POSTS, Appointment
from models.audit import OPERATOR
from models.clock import LOCAL, utc_now
from models.errors import Refusal
from models.ids import new_id
from models.organisations import Organisation, Tree
from models.people import Particulars
from scripts.worlds import opened_world
from server.app import World
from server.config import ConfigError, read_config
from server.folder import CannotStart


class NoSuchOrganisation(Refusal):
    """No organisation, or more than one, has this name."""

    message = "没有（或不止一个）叫这个名称的组织；要新建请加 --create"


def read_arguments() -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(prog="scripts/appoint", description="任命工作人员，发放管理后台账号")
    parser.add_argument("--role", choices=sorted(set(POSTS) - {"scanner"}), help="任命的角色")
    parser.add_argument("--organisation", metavar="NAME", help="在哪个组织（管到它的全部下级）")
    parser.add_argument("--create", action="store_true", help="组织不存在时新建为最上级")
    parser.add_argument("--tree", choices=("local", "industry"), default="local", help="新建在哪条线")
    parser.add_argument("--until", type=datetime.fromisoformat, metavar="DATE", help="到哪一天为止（不含）")
    parser.add_argument("--account", help="管理后台账号名：字母开头，4 至 32 位")
    parser.add_argument("--end", metavar="ID", help="结束一项任命")
    arguments = parser.parse_args()
    if not arguments.end and not (arguments.role and arguments.organisation):
        parser.error("需要 --role 和 --organisation，或 --end")
    return arguments


async def find_organisation(world: World, name: str, tree: Tree, *, create: bool) -> str:
    """Return the id of the organisation of a name, made in a tree if asked for; NoSuchOrganisation."""
    found = world.organisations.find_named(name)
    if len(found) == 1:
        return found[0].id
    if found or not create:
        raise NoSuchOrganisation
    made = Organisation(id=new_id(), name=name, tree=tree, changed=utc_now())
    await world.organisations.put(made)
    return made.id


async def appoint(world: World, arguments: argparse.Namespace, who: Particulars) -> None:
    """Make the appointment and issue the account; print what to hand over."""
    organisation = await find_organisation(
        world, arguments.organisation, arguments.tree, create=arguments.create
    )
    person = await world.people.register(who)
    until = arguments.until.replace(tzinfo=LOCAL).astimezone(UTC) if arguments.until else None
    at = utc_now()
    made = Appointment(
        id=new_id(),
        person=person,
        role=arguments.role,
        organisation=organisation,
        since=at,
        until=until,
        changed=at,
    )
    await world.appointments.put(made)
    print(f"已任命：{POSTS[made.role]}（{arguments.organisation}），任命编号 {made.id}")
    if arguments.account:
        issued = await world.console.accounts.issue(arguments.account, person, OPERATOR)
        print(f"账号：{arguments.account.lower()}\n启用码（24 小时内有效，只显示这一次）：{issued.enrolment}")
        print(f"请本人用身份验证器扫下面的码，再打开 /console/enrolment 设置密码：\n{issued.uri}")
        drawn = qrcode.QRCode(border=2)
        drawn.add_data(issued.uri)
        drawn.print_ascii(invert=True)
    elif made.role in CONSOLE:
        print("没有发放账号（--account）：只能用小程序扫码登录管理后台")


def ask(question: str) -> str:
    """Return what is typed to a question; ConfigError for nothing."""
    print(question, end="：", file=sys.stderr, flush=True)
    answer = sys.stdin.readline().strip()
    if not answer:
        raise ConfigError(f"没有填写{question}")
    return answer


async def run(arguments: argparse.Namespace, who: Particulars | None) -> None:
    """Open the engines that the environment names, do what is asked, and seal its audit."""
    async with opened_world(read_config(os.environ)) as world:
        for mirror in world.mirrors.values():
            await mirror.refresh()
        if who:
            await appoint(world, arguments, who)
        else:
            await world.appointments.end(arguments.end, OPERATOR)
            print("已结束任命")
        await world.auditing.finish()


def main() -> int:
    """Run the command; return the process's exit status."""
    arguments = read_arguments()
    try:
        who = None
        if not arguments.end:
            who = Particulars(name=ask("姓名"), id_document=ask("证件号码"), phone=ask("手机号"))
        asyncio.run(run(arguments, who))
    except (ConfigError, CannotStart, Refusal) as error:
        print(f"没有完成：{error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
