"""Deliver reports to receivers: outbox, queue, signatures, retries."""
