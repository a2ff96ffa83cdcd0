"""edgewright: serverless edge systems as Pulumi components."""

__version__ = "0.1.0"
