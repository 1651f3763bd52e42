"""Layer 3: the wallet's health, the day's count of trades and losses, and a price that is alive."""

from cockpit.domain.kinds import Layer, Outcome
from cockpit.domain.numbers import apart, counted
from cockpit.domain.verdict import Check
from cockpit.gate.health import health_or_finding, health_text
from cockpit.gate.inputs import GateInput
from cockpit.gate.readings import aged, no_data

LAYER = Layer.MARKET


def checks(asked: GateInput) -> tuple[Check, ...]:
    return (health_factor(asked), trades_today(asked), loss_review(asked), profit_stop(asked), price_stream(asked))


def health_factor(asked: GateInput) -> Check:
    """The health factor allows entries, with a warning on the way down."""
    rules, ages = asked.config.gate, asked.config.feeds.health_factor
    least, warn_under = rules.health_factor_entries_min, rules.health_factor_warn_under
    view = asked.market.health_factor(asked.now_ns)
    value, limit = health_or_finding(asked, LAYER, "health_factor", least, view), f">= {least:.2f}"
    if isinstance(value, Check):
        return value
    text = health_text(asked, value)
    if value < least:
        outcome = Outcome.BLOCK
        sentence = f"health factor {text} under {least:.2f}: no entries"
    elif value < warn_under:
        outcome = Outcome.WARN
        sentence = f"health factor {text} under {warn_under:.2f}: entries end under {least:.2f}"
    else:
        outcome = Outcome.PASS
        sentence = f"health factor {text} at or above {warn_under:.2f}"
    return aged(Check(LAYER, "health_factor", outcome, view.shown(text), limit, sentence), view, ages)


def trades_today(asked: GateInput) -> Check:
    """The UTC day has a trade left."""
    most, done = asked.config.limits.max_trades_per_day, asked.account.trades_today
    sentence = f"{counted(done, 'trade')} today of {most}"
    if done < most:
        return Check(LAYER, "trades_today", Outcome.PASS, str(done), f"< {most}", sentence)
    none_left = f"{sentence}: none left until the next UTC day"
    return Check(LAYER, "trades_today", Outcome.BLOCK, str(done), f"< {most}", none_left)


def loss_review(asked: GateInput) -> Check:
    """Consecutive losses since the last review are fewer than the number that calls for one."""
    most, losses = asked.config.limits.losses_until_review, asked.account.losses_since_review
    if losses < most:
        sentence = f"{losses} losses in a row since the last review, {most} call for one"
        return Check(LAYER, "loss_review", Outcome.PASS, str(losses), f"< {most}", sentence)
    sentence = f"{losses} losses in a row, {most} call for a review: resume after it"
    return Check(LAYER, "loss_review", Outcome.BLOCK, str(losses), f"< {most}", sentence)


def profit_stop(asked: GateInput) -> Check:
    """The session has not yet earned what it stops at."""
    stop_r, earned_r = asked.config.limits.net_profit_stop_r, asked.account.session_r
    text = apart(earned_r, stop_r, "+.2f")
    shown, limit = f"{text} R", f"< {stop_r:+.2f} R"
    if earned_r < stop_r:
        return Check(LAYER, "profit_stop", Outcome.PASS, shown, limit, f"session {shown}, stops at {stop_r:+.2f} R")
    sentence = f"session {shown} at or above {stop_r:+.2f} R: earned enough, standing down for the day"
    return Check(LAYER, "profit_stop", Outcome.BLOCK, shown, limit, sentence)


def price_stream(asked: GateInput) -> Check:
    """Trades and book of the asset are arriving."""
    asset, ages = asked.proposal.asset, asked.config.feeds.stream
    view, limit = asked.market.stream(asset, asked.now_ns), f"<= {ages.stand_down_after_s:g} s"
    if view.tradable is None or view.age_s is None:
        return no_data(LAYER, "price_stream", f"price stream ({asset})", view, ages, limit)
    shown = view.shown(f"{view.age_s:.1f} s")
    sentence = f"price stream ({asset}) {view.age_s:.1f} s old, within {ages.stand_down_after_s:g} s"
    return aged(Check(LAYER, "price_stream", Outcome.PASS, shown, limit, sentence), view, ages)
