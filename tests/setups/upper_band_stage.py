"""The BTC upper-band short at its band, 109,700 (the trigger) to 110,000, and the wick it proposes after."""

NAME = "btc_upper_band_short"


def begun(street):
    btc = street(NAME)
    btc.trade(0.0, 109_600.0)
    return btc


def wicked(btc):
    """A wick from 1 s to a high of 109,800, closed back below at 30 s: bars [0,15) and [15,30)."""
    btc.trades([(1.0, 109_750.0), (5.0, 109_800.0), (20.0, 109_720.0), (29.0, 109_690.0)])


def proposed(btc):
    wicked(btc)
    btc.trade(40.0, 109_650.0)
    btc.tick(45.0)
    assert btc.proposed_at == [45.0]
