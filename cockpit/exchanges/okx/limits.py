"""How often OKX's endpoints may be asked in two seconds, by user: its API v5, "Rate Limit" of each endpoint."""

WINDOW_S = 2.1
"""Two seconds, and a little for what the way there adds or takes."""
CALLS = {
    "privateGetTradeOrder": 60,
    "privatePostTradeOrder": 60,
    "privatePostTradeCancelOrder": 60,
    "privateGetTradeOrderAlgo": 20,
    "privatePostTradeOrderAlgo": 20,
    "privatePostTradeCancelAlgos": 20,
    "privatePostTradeCancelAdvanceAlgos": 20,
    "privateGetTradeOrdersPending": 60,
    "privateGetTradeOrdersAlgoPending": 20,
    "privateGetTradeFills": 60,
    "privateGetTradeFillsHistory": 10,
    "privatePostTradeClosePosition": 20,
    "privatePostTradeCancelAllAfter": 2,
    "privateGetAccountPositions": 10,
    "privateGetAccountBalance": 10,
    "privateGetAccountBills": 10,
    "privateGetAccountConfig": 5,
    "privateGetAccountLeverageInfo": 20,
    "privateGetAccountTradeFee": 5,
}
