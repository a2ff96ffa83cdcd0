"""Warming: asking for pages before clients do."""
