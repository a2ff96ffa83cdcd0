"""The little of AWS's APIs that the commands call: signed requests, and what is read of their answers.

Deployments are the provider's work. Here is only what it has no resource for: retired versions of functions, and invalidations.
"""
