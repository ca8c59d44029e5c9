"""What importing a roster costs besides the database's part: from the file's bytes to documents, per row."""

from datetime import UTC, date, datetime, timedelta
from time import process_time

from models.documents import to_document
from models.id_documents import check_digit
from models.organisations import Organisation
from models.roster_imports import Reading
from models.roster_jobs import CHUNK, ImportJob
from models.roster_people import Written, make, prepare
from models.roster_rows import Unions
from models.tables import read_records
from models.vault import Vault
from scripts.benchmarks.inside import Timing

NOON = datetime(2026, 7, 15, 4, 0, 5, tzinfo=UTC)
TARGET = 500.0
"""Two thousand rows in a second."""
BIRTHDAYS = 18_000
ORDERS = 1_000
UNION = "测试街道工会"


def make_roster(rows: int, union: str = UNION) -> bytes:
    """Return a roster of invented people of a union, each with another ID number, as CSV."""
    lines = ["姓名,身份证号,手机号,所在工会,入会日期"]
    for number in range(rows):
        born = date(1950, 1, 1) + timedelta(days=number % BIRTHDAYS)
        digits = f"410105{born:%Y%m%d}{number // BIRTHDAYS % ORDERS:03}"
        phone = f"138{number:08}"
        lines.append(f"赵小河,{digits}{check_digit(digits)},{phone},{union},2020-05-01")
    return "\n".join(lines).encode()


def time_roster(rows: int) -> Timing:
    """Return the cost of a row of new people: reading, judging, sealing, and making documents."""
    vault = Vault({"1": bytes(32)}, bytes(32))
    union = Organisation(id="BENCHSTREET00001", name=UNION, tree="local", changed=NOON)
    job = ImportJob(
        id="BENCHIMPORT00001",
        officer="operator",
        content="",
        parts=1,
        bytes_=0,
        state="running",
        begun=NOON,
        changed=NOON,
    )
    content = make_roster(rows)
    begun = process_time()
    reading = Reading(read_records(content), Unions([union], None), job.today)
    while (chunk := reading.read(CHUNK))[0]:
        entering = prepare(vault, job, chunk[1])
        owners = {one.identity: one.person for one in entering}
        _make_documents(make(vault, job, entering, owners))
    return Timing("a row of a roster", (process_time() - begun) / rows * 1e6, TARGET)


def _make_documents(written: Written) -> None:
    for items in (written.rows, written.people, written.memberships, written.movements):
        for item in items:
            to_document(item)
