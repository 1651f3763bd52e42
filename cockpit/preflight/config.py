"""What the config alone tells before a start: setups, sizes against venues, market context, limits, switches."""

from collections.abc import Iterator

from cockpit.config.model import CockpitConfig
from cockpit.config.setups import LowerBandLong, SetupSection, UpperBandShort
from cockpit.domain.kinds import Mode
from cockpit.domain.numbers import counted, price_text
from cockpit.gate.arithmetic import Reduced, SetupArithmetic
from cockpit.gate.sizing import lots_down
from cockpit.gate.unreached import unreached_limits
from cockpit.preflight.checklist import Item, failed, passed, warned


def config_items(config: CockpitConfig, mode: Mode, arithmetic: tuple[SetupArithmetic, ...]) -> Iterator[Item]:
    """Every check that needs nothing but the config."""
    yield _enabled(config)
    yield _setups_enabled(config)
    for numbers in arithmetic:
        yield _arithmetic(config, numbers)
    for numbers in arithmetic:
        yield _minimum(config, numbers)
    yield _context(config)
    yield _limits(config, mode)
    yield passed("limits that cannot bind", "; ".join(unreached_limits(config, arithmetic, mode)) or "none")
    yield _kill_switch(config)
    yield _foreign_positions(config)
    yield _cold_storage(config)
    yield _aave(config, mode)


def _enabled(config: CockpitConfig) -> Item:
    if config.enabled:
        return passed("config", f"{config.session.name}, {config.session.date}: loaded and enabled")
    return failed("config", "expected enabled: true, was false: no setup may trade")


def _setups_enabled(config: CockpitConfig) -> Item:
    on = [name for name, setup in config.setups.items() if setup.enabled]
    blind = [name for name in on if not _has_its_bands(config, config.setups[name])]
    if blind:
        return failed("setups", f"expected bands for {', '.join(blind)}, were none: without a band it never triggers")
    count = f"{len(on)} of {len(config.setups)} enabled"
    return passed("setups", f"{count}: {', '.join(on)}") if on else failed("setups", f"{count}: nothing can trade")


def _has_its_bands(config: CockpitConfig, setup: SetupSection) -> bool:
    if not isinstance(setup, LowerBandLong | UpperBandShort):
        return True
    bands = config.bands.get(setup.asset)
    return bands is not None and bool(bands.lower if isinstance(setup, LowerBandLong) else bands.upper)


def _arithmetic(config: CockpitConfig, numbers: SetupArithmetic) -> Item:
    name, traded = f"arithmetic.{numbers.setup}", numbers.traded
    if numbers.is_denied:
        return failed(name, f"{_size(numbers)}: expected an order its venue takes, always denied")
    targets = "/".join(f"+{rung.distance_bps:g}" for rung in traded.rungs)
    shares = "/".join(f"{rung.fee_share_pct:.0f}" for rung in traded.rungs)
    parts = "/".join(f"{rung.share_pct:.0f}" for rung in traded.rungs)
    costs = (
        f"{_size(numbers)}; a stop of {numbers.stop_bps:g} bps loses {traded.loss_at_stop_usd:.4f} USD "
        f"with {traded.fees_usd:.4f} USD fees; fees are {shares} % of the targets {targets} bps, "
        f"{parts} % of the size each"
    )
    reduced = "".join(f"; x {one.factor:g} {_lots_left(numbers, one)}" for one in numbers.reduced)
    stops = (
        f"{numbers.full_stops_daily_loss} full stops to the daily limit, {numbers.full_stops_drawdown} to the drawdown"
        f"{reduced}"
    )
    rate, first = traded.break_even_all_pct, traded.break_even_first_pct
    if rate is None or first is None:
        return failed(name, f"{costs}; expected the ladder to pay its fees, was less: no win rate breaks even; {stops}")
    text = (
        f"{costs}; breaks even at {rate:.1f} % wins that fill every rung, "
        f"at {first:.1f} % that fill the first and stop at entry; {stops}"
    )
    wanted = config.modes.way_up.min_win_rate_pct
    if rate > wanted:
        return warned(name, f"{text}; the way up asks {wanted:g} % only")
    return warned(name, text) if any(one.lots == 0 for one in numbers.reduced) else passed(name, text)


def _size(numbers: SetupArithmetic) -> str:
    """What is traded of what was asked, as `29.05 USD asked, traded 21.68 (2 lots at 108,402)`."""
    asked = f"{numbers.asked_usd:.2f} USD asked"
    if numbers.lots is None or numbers.price is None:
        return f"{asked}, lots unknown without a price of {numbers.asset}"
    if numbers.is_denied:
        return f"{asked}, under one order of {numbers.venue} at {price_text(numbers.price)}"
    return f"{asked}, traded {numbers.traded.notional_usd:.2f} ({_lots(numbers.lots)} at {price_text(numbers.price)})"


def _lots(lots: int) -> str:
    return f"{lots} lot" if lots == 1 else f"{lots} lots"


def _lots_left(numbers: SetupArithmetic, reduced: Reduced) -> str:
    if reduced.lots == 0:
        return "is denied: under one order"
    return f"is still {_lots(reduced.lots)}" if reduced.lots == numbers.lots else f"is {_lots(reduced.lots)}"


def _minimum(config: CockpitConfig, numbers: SetupArithmetic) -> Item:
    name = f"minimum.{numbers.setup}"
    price = config.market_context.prices_usd.get(numbers.asset)
    findings = {venue: _why_too_small(config, venue, numbers, price) for venue in config.venues}
    where = "; ".join(f"{venue}: {finding or 'can trade'}" for venue, finding in findings.items())
    text = f"{numbers.asked_usd:.2f} USD of {numbers.asset} on {numbers.venue}; {where}"
    if findings[numbers.venue]:
        return failed(name, text)
    if price is None:
        return warned(name, f"{text}; no price in the market context, so whole lots were not checked")
    return passed(name, text)


def _why_too_small(config: CockpitConfig, venue: str, numbers: SetupArithmetic, price: float | None) -> str:
    """Why this size cannot trade there; empty where it can (as far as a price is known)."""
    instrument = config.venues[venue].instruments.get(numbers.asset)
    if instrument is None:
        return f"does not list {numbers.asset}"
    if price is None:
        too_small = numbers.asked_usd < instrument.min_notional_usd
        return f"under its minimum of {instrument.min_notional_usd:g} USD" if too_small else ""
    qty = lots_down(numbers.asked_usd / price, instrument)
    if qty < instrument.min_qty or qty <= 0:
        return f"under its smallest order of {instrument.min_qty:g} ({instrument.min_qty * price:.2f} USD)"
    if qty * price < instrument.min_notional_usd:
        return f"{qty * price:.2f} USD in lots is under its minimum of {instrument.min_notional_usd:g} USD"
    return ""


def _context(config: CockpitConfig) -> Item:
    seeds, missing = config.market_context, []
    assets = {asset for setup in config.setups.values() if setup.enabled for asset in setup.traded}
    for kind, known in (
        ("price", seeds.prices_usd),
        ("short %", seeds.positioning),
        ("funding", seeds.funding_bps),
        ("open interest", seeds.open_interest_change_24h_pct),
    ):
        absent = [asset for asset in config.assets if asset in assets and asset not in known]
        if absent:
            missing.append(f"{kind} of {', '.join(absent)}")
    for asset, rates in seeds.funding_bps.items():
        missing += [f"funding of {asset} on {venue}" for venue in config.venues if venue not in rates]
    if missing:
        return warned("market context", f"not seeded: {'; '.join(missing)}: no entry there before a live reading")
    return passed("market context", f"seeds for {', '.join(sorted(assets))}")


def _limits(config: CockpitConfig, mode: Mode) -> Item:
    capital, limits, test = config.capital, config.limits, config.modes.test
    wallet, unit = capital.hot_wallet_usd, capital.base_unit_usd
    drawdown = wallet * limits.session_drawdown_pct / 100.0
    rules = (
        ("max_notional_usd", limits.max_notional_usd, "the hot wallet", wallet),
        ("the base unit", unit, "max_notional_usd", limits.max_notional_usd),
        ("daily_loss_usd", limits.daily_loss_usd, "the hot wallet", wallet),
        ("the session drawdown", drawdown, "daily_loss_usd", limits.daily_loss_usd),
        ("modes.test.max_session_loss_usd", test.max_session_loss_usd, "daily_loss_usd", limits.daily_loss_usd),
        ("modes.test.max_exposure_usd", test.max_exposure_usd, "the hot wallet", wallet),
    )
    for what, value, against, most in rules:
        if value > most:
            return failed("limits", f"expected {what} at most {against} ({most:.2f} USD), was {value:.2f} USD")
    extra = f"; test: {test.max_exposure_usd:g} USD exposure, {counted(test.max_trades, 'trade')}, "
    extra += f"{test.max_session_loss_usd:g} USD session loss"
    return passed(
        "limits",
        f"{unit:.2f} USD base unit, {limits.max_notional_usd:g} USD at most, {limits.daily_loss_usd:g} USD daily loss, "
        f"{drawdown:.2f} USD drawdown, {limits.max_open_trades} open, {limits.max_trades_per_day} a day"
        + (extra if mode is Mode.TEST else ""),
    )


def _kill_switch(config: CockpitConfig) -> Item:
    limits = config.limits
    causes = (
        f"{limits.losses_until_kill} losses in a row, {limits.session_drawdown_pct:g} % drawdown, "
        f"health factor under {config.gate.health_factor_flatten_under:.2f}"
    )
    ending = "flattens" if config.kill_switch.flatten_on_terminate else "leaves stops and targets resting"
    causes += f"; ending the engine {ending}; the kill switch"
    if config.kill_switch.flatten_on_kill:
        return passed("kill switch", f"{causes} flattens and halts")
    return warned("kill switch", f"{causes} halts; flatten_on_kill is false, so only the health factor flattens")


def _foreign_positions(config: CockpitConfig) -> Item:
    name, execution = "foreign positions", config.execution
    if execution.foreign_positions == "protect":
        return passed(name, f"protect: a stop rests {execution.foreign_stop_bps:g} bps away for each that is not ours")
    return passed(name, "flag: a position that is not ours is named and shown, and no stop is laid for it")


def _cold_storage(config: CockpitConfig) -> Item:
    cold = config.cold_storage
    return passed("cold storage", f"{cold.label}, {cold.balance_usd:g} USD: read-only, never signed for")


def _aave(config: CockpitConfig, mode: Mode) -> Item:
    aave = config.aave
    if aave.address is not None:
        return passed("aave", f"{aave.address[:6]}...{aave.address[-4:]} on {aave.chain} is watched")
    if mode is Mode.PAPER:
        return warned("aave", "not watched (aave.address is null): paper passes with a warning")
    if not aave.required:
        return warned("aave", "not watched, and aave.required is false: trades without a health factor")
    return failed("aave", f"expected aave.address in {mode} mode, was null: set it, or aave.required to false")
