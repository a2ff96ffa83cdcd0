"""CloudFront: how an API becomes a distribution with a function at its edge, and a store a KeyValueStore.

Endpoints become behaviors. The portable core runs on origin-request and origin-response: it routes, checks who is asking,
chooses the region's origin, which CloudFront then asks itself, and tells CloudFront what to store. What is cheap at the viewer
is a CloudFront Function.

One room a part: `plan` and `endpoints` check what was asked for, `behaviors` orders the paths, `package` makes the function's
code, `distribution` puts the resources of `origins`, `files`, `viewer`, `policies`, `names` and `operations` together.
"""

SDK = "pulumi_aws"
"""The provider's package, which takes seconds to import."""
