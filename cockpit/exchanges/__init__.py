"""The exchanges' client library, as data feeds and trading accounts share it: clients, errors, clocks, the fence."""
