"""Examples that run: an origin server, and Pulumi projects of their own."""
