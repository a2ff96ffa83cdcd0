"""Purging: what is to be forgotten, on the local cloud and on a deployed stack."""
