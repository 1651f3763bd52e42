"""Layer 2: who is crowded, who pays whom, how much leverage came in, and the setup's own guards."""

from cockpit.domain.kinds import Layer, Outcome, Side
from cockpit.domain.numbers import apart
from cockpit.domain.verdict import Check
from cockpit.gate.inputs import GateInput
from cockpit.gate.readings import aged, no_data
from cockpit.gate.wording import bps

LAYER = Layer.TACTICAL


def checks(asked: GateInput) -> tuple[Check, ...]:
    """Every check of the layer, the setup's guards last."""
    return (short_pct(asked), funding_spread(asked), open_interest(asked), *asked.guards)


def short_pct(asked: GateInput) -> Check:
    """No shorts where too many are short already; without the number nobody trades, whichever side."""
    asset = asked.proposal.asset
    block_at, ages = asked.config.gate.short_pct_block_at[asset], asked.config.feeds.positioning
    view, limit = asked.market.short_pct(asset, asked.now_ns), f"< {block_at:.1f} for shorts"
    value = view.tradable
    if value is None:
        return no_data(LAYER, "short_pct", f"short % ({asset})", view, ages, limit)
    text = apart(value, block_at, ".1f")
    shown = view.shown(text)
    if value < block_at:
        sentence = f"short % {text} under {block_at:.1f} ({asset})"
    elif asked.proposal.side is Side.LONG:
        sentence = f"short % {text} at or above {block_at:.1f} ({asset}): only shorts are blocked"
    else:
        sentence = f"short % {text} at or above {block_at:.1f} ({asset}): no shorts into heavy shorts"
        return Check(LAYER, "short_pct", Outcome.BLOCK, shown, limit, sentence)
    return aged(Check(LAYER, "short_pct", Outcome.PASS, shown, limit, sentence), view, ages)


def funding_spread(asked: GateInput) -> Check:
    """The first venue's rate minus the second's, 8 h: above one threshold only longs, below the other a warning."""
    rules, ages, asset = asked.config.gate, asked.config.feeds.funding, asked.proposal.asset
    above, below = rules.funding_spread_longs_only_above_bps, rules.funding_spread_warn_below_bps
    view, limit = asked.market.funding_spread_bps(asset, asked.now_ns), f"<= {above:+.4g} bps for shorts"
    spread = view.tradable
    if spread is None:
        return no_data(LAYER, "funding_spread", f"funding spread ({asset})", view, ages, limit)
    shown = view.shown(f"{bps(spread, above)} bps")
    legs = _legs(asked)
    words = f"funding spread {bps(spread, above)} bps{legs}"
    if spread > above:
        outcome = Outcome.PASS if asked.proposal.side is Side.LONG else Outcome.BLOCK
        sentence = f"{words} above {above:+.4g}: longs only"
    elif spread < below:
        outcome = Outcome.WARN
        words = f"funding spread {bps(spread, below)} bps{legs}"
        sentence = f"{words} below {below:+.4g}: the premium is on {rules.funding_spread_of[1]}"
    else:
        outcome, sentence = Outcome.PASS, f"{words} from {below:+.4g} to {above:+.4g}: both sides"
    return aged(Check(LAYER, "funding_spread", outcome, shown, limit, sentence), view, ages)


def _legs(asked: GateInput) -> str:
    """The two rates behind the spread, as ` (binance +2.9, okx -0.7)`."""
    rates = asked.market.latest_funding(asked.proposal.asset)
    known_rates = [(venue, rates[venue].rate_bps_8h) for venue in asked.config.gate.funding_spread_of if venue in rates]
    return " (" + ", ".join(f"{venue} {rate_bps:+.4g}" for venue, rate_bps in known_rates) + ")"


def open_interest(asked: GateInput) -> Check:
    """A fast rise of open interest is fresh leverage: smaller size."""
    rules, ages, asset = asked.config.gate, asked.config.feeds.open_interest, asked.proposal.asset
    above, factor = rules.open_interest_reduce_above_pct, rules.open_interest_size_factor
    view, limit = asked.market.open_interest_change_pct(asset, asked.now_ns), f"<= {above:+.1f} %"
    value = view.tradable
    if value is None:
        return no_data(LAYER, "open_interest", f"open interest ({asset})", view, ages, limit)
    text = apart(value, above, "+.1f") + " %"
    shown, words = view.shown(text), f"open interest {text} in 24 h ({asset})"
    if value > above:
        sentence = f"{words} above {above:+.1f} %: size x {factor:g}"
        return Check(LAYER, "open_interest", Outcome.REDUCE, shown, limit, sentence, size_factor=factor)
    check = Check(LAYER, "open_interest", Outcome.PASS, shown, limit, f"{words} not above {above:+.1f} %")
    return aged(check, view, ages)
