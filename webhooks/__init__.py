"""Delivery of reports to callback URLs: outbox, queue, signatures, HTTP client, retries."""
