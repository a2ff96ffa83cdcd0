"""Paper: a platform that writes down what it would run. The worked example of docs/architecture.md."""

SDK = "pulumi"
"""The provider's package, which takes seconds to import."""
