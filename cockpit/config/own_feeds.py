"""Feeds of the operator's own: what their `Rules` are made of."""

from typing import Annotated, Any, ClassVar

from cockpit.config.base import Name, Section
from cockpit.config.own_kinds import OwnToo
from cockpit.domain.kinds import Reading


class OwnFeed(Section):
    """The keys of a feed of one's own, to be subclassed as `Rules` in `feeds/KIND.py` beside the config.

    `reading` is what it delivers; `worker` makes the feed, as `worker(name, rules, config, timing)`: a
    `cockpit.exchanges.base.feed.Feed`.
    """

    reading: ClassVar[Reading]
    worker: ClassVar[Any]
    kind: Name


AnyOwnFeed = Annotated[OwnFeed, OwnToo("feeds", OwnFeed)]
