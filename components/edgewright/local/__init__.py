"""The local cloud: resource inputs in, real edge runtimes on loopback out."""
