"""Queues: messages are handed over, and consumed later."""

from edgewright.platforms.cloudflare.bindings._kind import Kind, in_option
from edgewright.platforms.gap import Gap
from edgewright.platforms.parts import BindingField

KIND = Kind(
    product="Cloudflare Queues",
    fields={
        "queue_name": BindingField("a queue's name", "Give the `queue_name` of the Queue.", identifies=True),
    },
    plays=in_option("queueProducers", lambda binding: binding["queueName"]),
    in_stack=lambda document: document.queues,
    gap=Gap("queue-consumers", "Cloudflare Queues", "Messages are accepted and dropped: no consumer runs."),
)
