"""The only place with SQL: engines, transactions, one module of queries per table group."""
