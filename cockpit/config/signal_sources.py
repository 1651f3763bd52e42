"""Who may send signals from outside: each source with what it may do, and the limits that hold before the gate."""

from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from cockpit.config.base import Name, NotNegative, Positive, Section
from cockpit.config.endpoints import is_loopback

SourceName = Annotated[
    str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$", description="lower case, digits, - and _; up to 40 characters")
]
RESERVED = ("adopted", "api", "manual", "operator", "setups")
"""What the engine itself calls whoever is no registered source."""
PROPOSAL_FIELDS = (
    *("strategy", "pair", "amount", "side", "mode", "id", "expires_at"),
    *("stop_bps", "stop_price", "entry.price", "entry.within_s", "targets", "hold_s", "reason", "confidence"),
)
"""What a webhook's template may fill in."""
Count = Annotated[int, Field(ge=1)]


class SourceLimits(Section):
    """Held by the engine before the gate is asked, counted per UTC day, kept over a restart.

    A source that proposes `cut_off_at_refusals` times within a minute beyond `proposals_per_minute`, or loses
    `loss_usd_per_day` (realised and open), is cut off until an operator lifts it.
    """

    proposals_per_minute: Annotated[int, Field(ge=1, le=600)] = 6
    cut_off_at_refusals: Annotated[int, Field(ge=1, le=600)] = 30
    notional_usd_per_day: Positive = 500.0
    open_trades: Count = 1
    loss_usd_per_day: Positive = 10.0


class WebhookSection(Section):
    """How a body of another service becomes a proposal: our field on the left, a template on the right.

    `{{key}}` takes the body's value of that key (`{{strategy.order.action}}` walks down); a template that is nothing
    else keeps the value's type. `entry.price` and `entry.within_s` make it a limit entry. `values` translates words, as
    `{"side": {"buy": "long", "sell": "short"}}`.
    `token_key` names the key that carries the source's token, for services that can send no header.
    """

    fields: Annotated[dict[Name, str], Field(min_length=1)]
    values: dict[Name, dict[str, str]] = {}
    token_key: Name | None = None

    @model_validator(mode="after")
    def fields_are_known(self) -> Self:
        """A field that no proposal has would be lost."""
        for name in (*self.fields, *self.values):
            if name not in PROPOSAL_FIELDS:
                raise ValueError(f"expected fields among {', '.join(PROPOSAL_FIELDS)}, was {name}")
        return self


class SignalSource(Section):
    """One source. Its keys are in the profile's home, `sources/NAME.keys`, made and changed by `cockpit source`.

    `scopes`: look, propose (with closing and tightening its own trades), shed (disarm, halt, flatten). `strategies` are
    the registered names it may propose under; none given = all. A source in `shadow` is judged and tracked on paper,
    never sent.
    """

    scopes: Annotated[list[Literal["look", "propose", "shed"]], Field(min_length=1)] = ["look", "propose"]
    auth: Literal["token", "hmac", "ed25519"] = "token"
    strategies: list[Name] | None = None
    shadow: bool = False
    limits: SourceLimits = SourceLimits()
    webhook: WebhookSection | None = None

    @model_validator(mode="after")
    def a_token_in_a_body_is_a_token(self) -> Self:
        """A key that signs is never sent."""
        if self.webhook is not None and self.webhook.token_key is not None and self.auth != "token":
            raise ValueError(f"expected auth token beside webhook.token_key, was {self.auth}")
        return self


class EntryBounds(Section):
    """What a signal of this strategy may say of its entry: no limit order unless `limit_within_s` is above 0.

    `limit_within_s` is the longest it may rest, `limit_away_bps` the furthest its price may be from the market.
    """

    limit_within_s: NotNegative = 0.0
    limit_away_bps: Positive = 50.0


class WebhookOut(Section):
    """Where events are posted to, signed with the secret `COCKPIT_WEBHOOK_SECRET` of environment or keyring."""

    url: Annotated[str, Field(pattern=r"^https?://[^\s@]+$", description="without a user or password", repr=False)]
    events: Annotated[
        list[Literal["trade_opened", "trade_completed", "verdict", "mode_changed", "state_changed", "kill_switch"]],
        Field(min_length=1),
    ] = ["trade_opened", "trade_completed", "kill_switch"]

    @model_validator(mode="after")
    def nothing_in_clear(self) -> Self:
        """What crosses a network is encrypted."""
        if self.url.startswith("http://") and not is_loopback(urlsplit(self.url).hostname or ""):
            raise ValueError(f"expected https, or http to this machine, was {self.url}")
        return self
