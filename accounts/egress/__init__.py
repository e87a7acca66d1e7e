"""Egress routes: their names, their cooldowns, and which accounts have to wait for one."""
