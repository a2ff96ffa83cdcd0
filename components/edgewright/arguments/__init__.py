"""Reading and checking what components are given."""
