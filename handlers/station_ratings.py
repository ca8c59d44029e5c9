"""Ratings of stations: one to five, by members who were there by name; what all of them come to."""

from typing import Annotated

from msgspec import Meta

from handlers.base import Handler, endpoint
from handlers.fields import Moment, StationCode
from handlers.services import Services
from handlers.wire import Asked, Wire, local
from models.limits import PerPerson
from models.station_ratings import SHOWN_FROM, Rating, Score, VisitRequired
from models.stations import NoSuchStation

Stars = Annotated[int, Meta(ge=1, le=5, examples=[4], description="5 is best")]


class RatingRequest(Asked, frozen=True):
    """A rating, and no words."""

    stars: Stars


class OwnRatingReply(Wire, frozen=True):
    """My rating, which stands in place of an earlier one."""

    station: StationCode
    stars: Stars
    at: Moment
    message: Annotated[str, Meta(examples=["谢谢，已评 4 分"])]

    @classmethod
    def of(cls, rating: Rating) -> "OwnRatingReply":
        """Return a rating as it goes on the wire."""
        return cls(
            station=rating.station,
            stars=rating.stars,
            at=local(rating.at),
            message=f"谢谢，已评 {rating.stars} 分",
        )


class ScoreReply(Wire, frozen=True):
    """What a station's ratings come to: the mean to one decimal, and how many there are."""

    average: Annotated[float, Meta(ge=1, le=5, examples=[4.3])]
    number: Annotated[int, Meta(ge=SHOWN_FROM, examples=[12])]

    @classmethod
    def of(cls, score: Score) -> "ScoreReply":
        """Return a score as it goes on the wire."""
        return cls(average=score.average, number=score.number)


def find_score(services: Services, station: str) -> ScoreReply | None:
    """Return a station's score, once it has so many ratings that nobody's can be read off."""
    score = services.visits.ratings.find(station)
    return ScoreReply.of(score) if score else None


class OwnRatingHandler(Handler):
    """My rating of one station."""

    limits = (PerPerson(30),)

    @endpoint(refuses=(NoSuchStation, VisitRequired))
    async def put(self, code: str, *, body: RatingRequest) -> OwnRatingReply:
        """Rate a station within seven days of a visit by name; a later rating replaces the first."""
        ratings = self.services.visits.ratings
        return OwnRatingReply.of(await ratings.rate(self.session.subject, code, body.stars))


ROUTES = [("/api/v1/stations/{code}/ratings/mine", OwnRatingHandler)]
