"""Analytics Engine: data points are written from the edge, and asked for by SQL."""

from edgewright.platforms.cloudflare.bindings._kind import Kind, in_option
from edgewright.platforms.gap import Gap
from edgewright.platforms.parts import BindingField

KIND = Kind(
    product="Workers Analytics Engine",
    fields={
        "dataset": BindingField(
            "the name of a dataset",
            "Give any name: the first data point makes the dataset.",
            identifies=True,
        ),
    },
    plays=in_option("analyticsEngineDatasets", lambda binding: {"dataset": binding["dataset"]}),
    gap=Gap(
        "analytics-engine",
        "Workers Analytics Engine",
        "`writeDataPoint` takes data points and drops them: there is no SQL API to ask for them, and sizes and numbers of points"
        " are not held to the limits.",
    ),
)
