"""The types of single fields that several nouns share: their limits and an example each.

Every example stands in the OpenAPI document, and a test decodes them all.
"""

from datetime import date, datetime
from typing import Annotated

from msgspec import Meta

from models.stations import Facility

# Where a text ends, for Python and ECMAScript alike: `$` alone lets Python pass a line feed behind it.
END = r"$(?!\n)"
# One line that people read: no control characters, line ends or marks of writing direction.
UNSEEN = r"\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
LINE = rf"^[^\s{UNSEEN}][^{UNSEEN}]*{END}"

LoginCode = Annotated[
    str, Meta(min_length=1, max_length=128, pattern=rf"^[!-~]+{END}", examples=["0a1b2c3d4e5f6g7h8i9j"])
]
Moment = Annotated[datetime, Meta(tz=True, examples=["2026-07-15T14:00:00+08:00"])]
Day = Annotated[str, Meta(pattern=rf"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}{END}", examples=["2026-07-15"])]
RealDay = Annotated[date, Meta(examples=["2026-07-15"])]
OrganisationId = Annotated[str, Meta(pattern=rf"^[0-9A-Za-z_-]{{1,40}}{END}", examples=["6Q0B8Z2J4N1TFE7M"])]
AppointmentId = Annotated[str, Meta(min_length=1, max_length=64, examples=["6Q0B8Z2J4N1TFE7M"])]
Serial = Annotated[str, Meta(examples=["7K3QF2A9XW"])]
StationCode = Annotated[str, Meta(pattern=rf"^[0-9A-HJKMNP-TV-Z]{{8}}{END}", examples=["4E8M0R2T"])]
AnyFacility = Annotated[Facility, Meta(examples=["water"])]
ScanId = Annotated[str, Meta(pattern=rf"^[0-9A-Za-z_-]{{8,64}}{END}", examples=["scan-7f3a9c21"])]
CodeText = Annotated[
    str, Meta(min_length=1, max_length=512, examples=["UC117K3QF2A9XW1M2N3PQRSTVWXYZ012345"])
]
MaskedName = Annotated[str, Meta(examples=["王*明"])]
PersonId = Annotated[str, Meta(examples=["6Q0B8Z2J4N1TFE7M"])]
Name = Annotated[str, Meta(examples=["碧沙岗街道工会服务站"])]
Longitude = Annotated[float, Meta(ge=-180, le=180, examples=[113.62])]
Latitude = Annotated[float, Meta(ge=-90, le=90, examples=[34.75])]
# Wide enough for a longitude in its place, which `to_gcj02` refuses with a hint that the two are swapped.
LatitudeAsked = Annotated[float, Meta(ge=-180, le=180, examples=[34.75])]
SignInCode = Annotated[str, Meta(pattern=rf"^[0-9A-HJKMNP-TV-Z]{{16}}{END}", examples=["6Q0B8Z2J4N1TFE7M"])]
AccountName = Annotated[
    str, Meta(pattern=rf"^[A-Za-z][0-9A-Za-z._-]{{3,31}}{END}", examples=["wang.xiaoming"])
]
Password = Annotated[str, Meta(min_length=1, max_length=128, examples=["crane-brick-velvet-42"])]
OneTimeCode = Annotated[str, Meta(pattern=rf"^[0-9]{{6}}{END}", examples=["123456"])]
PageNumber = Annotated[int, Meta(ge=1, le=200, examples=[1], description="From 1")]
PageSize = Annotated[int, Meta(ge=1, le=50, examples=[20])]
Total = Annotated[int, Meta(examples=[137], description="Rows of all pages")]
