"""The fault matrix: every failure that trading systems are known to have met, and its proof."""

from tests.faults.fault import Fault
from tests.faults.rows_accounts import ACCOUNTS
from tests.faults.rows_flatten import FLATTEN
from tests.faults.rows_market import MARKET
from tests.faults.rows_orders import ORDERS
from tests.faults.rows_process import PROCESS

FAULTS: dict[int, Fault] = {
    fault.number: fault
    for fault in sorted((*ORDERS, *FLATTEN, *ACCOUNTS, *MARKET, *PROCESS), key=lambda fault: fault.number)
}
COUNT = 44
