"""Making what is uploaded: handlers, Workers, Lambda packages, and the Node that makes them."""
