"""CrossGuard policies that know the edge platforms and their limits."""
