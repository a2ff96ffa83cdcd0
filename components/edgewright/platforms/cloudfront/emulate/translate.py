"""From captured `aws:*` resources to the document of the local CloudFront."""

import base64
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pulumi
import pydantic
from pydantic.alias_generators import to_camel

from edgewright.contract.limits import limit
from edgewright.engine.resources import Capture, Inputs, Resource
from edgewright.platforms.cloudfront import emulate as aws
from edgewright.platforms.cloudfront import protocol as cf
from edgewright.platforms.cloudfront.emulate import (
    account,
    acm,
    cloudfront,
    cloudfront_updates,
    iam,
    iam_policies,
    lambda_,
    s3,
    s3_websites,
    wafv2,
)
from edgewright.platforms.cloudfront.emulate.packages import BadPackage, archive_files, object_bytes, unpacked
from edgewright.platforms.cloudfront.lists import aws as aws_data

_Model = TypeVar("_Model", bound=cf.AwsModel)

_VIEWER = ("viewer-request", "viewer-response")


@dataclass
class Translation:
    """The document, None where there is no distribution; what was found wrong, and what has no effect here."""

    deployment: cf.CloudFrontDeployment | None = None
    faults: list[tuple[Resource, str]] = field(default_factory=list)
    gaps: list[tuple[Resource, str]] = field(default_factory=list)
    published: list[cf.LambdaVersion] = field(default_factory=list)
    """Every numbered version that the program publishes, associated or not."""
    held: dict[str, dict[str, str]] = field(default_factory=dict)
    """What each distribution may not change while a policy of a rollout is attached, by its id."""


def _interpreter(runtime: str) -> str | None:
    """Return what runs a function of this runtime where it is Python: the interpreter of this process."""
    return sys.executable or None if runtime.startswith("python") else None


def translate(
    capture: Capture,
    base: Path,
    addresses: Mapping[str, str] | None = None,
    earlier: Mapping[str, cf.LambdaVersion] | None = None,
    held: Mapping[str, cloudfront_updates.Held] | None = None,
) -> Translation:
    """Return what the local CloudFront is to run.

    Args:
        capture: the program's resources.
        base: the folder that relative paths of files start from: the program's.
        addresses: where origins' domain names are found on this machine, as `name: http://127.0.0.1:<port>`.
        earlier: versions of functions that were published here before, by qualified ARN; behaviors may go back to them.
        held: what distributions that were deployed here before may not change, by id.
    """
    return _Translator(capture, base, earlier or {}).run(addresses or {}, held or {})


class _Translator:
    def __init__(self, capture: Capture, base: Path, earlier: Mapping[str, cf.LambdaVersion]) -> None:
        self.result = Translation()
        self.base = base
        self.earlier = earlier
        self.own = [r for r in capture if r.custom and not r.read and r.package == aws.PACKAGE]
        self.components = {r.urn: r for r in capture if not r.custom}

    def of(self, *types: str) -> list[Resource]:
        return [resource for resource in self.own if resource.type in types]

    def fault(self, resource: Resource, message: str) -> None:
        self.result.faults.append((resource, message))

    def model(self, kind: type[_Model], resource: Resource, **more: Any) -> _Model | None:
        """Return a resource's outputs as a model; note what does not fit."""
        given = {to_camel(key): value for key, value in more.items()}
        try:
            return kind.model_validate(_without_none({**resource.outputs, **given}))
        except pydantic.ValidationError as error:
            for problem in error.errors():
                where = ".".join(to_camel(str(part)) for part in problem["loc"])
                self.fault(resource, f"{where}: {problem['msg']}, got {str(problem.get('input'))[:80]!r}")
            return None

    def models(self, kind: type[_Model], *types: str) -> list[_Model]:
        found = []
        for resource in self.of(*types):
            made = self.model(kind, resource, id=resource.id)
            if made is not None:
                found.append(made)
        return found

    def run(self, addresses: Mapping[str, str], held: Mapping[str, cloudfront_updates.Held]) -> Translation:
        self._unique()
        for resource in self.of(cloudfront.DISTRIBUTION):
            for refusal in cloudfront_updates.refused(resource.inputs, held.get(str(resource.id), {})):
                self.fault(resource, refusal)
            self.result.held[str(resource.id)] = cloudfront_updates.held(resource.inputs)
        self._quotas()
        distributions = self.of(cloudfront.DISTRIBUTION)
        if not distributions:
            self._lambdas(cf.CloudFrontDeployment())
            return self.result
        document = cf.CloudFrontDeployment(
            distributions=self.models(cf.Distribution, cloudfront.DISTRIBUTION),
            cache_policies=self.models(cf.CloudFrontCachePolicy, cloudfront.CACHE_POLICY),
            origin_request_policies=self.models(cf.OriginRequestPolicy, cloudfront.ORIGIN_REQUEST_POLICY),
            response_headers_policies=self.models(cf.ResponseHeadersPolicy, cloudfront.RESPONSE_HEADERS_POLICY),
            continuous_deployment_policies=self.models(cf.ContinuousDeploymentPolicy, cloudfront.CONTINUOUS),
            public_keys=self.models(cf.PublicKey, cloudfront.PUBLIC_KEY),
            key_groups=self.models(cf.KeyGroup, cloudfront.KEY_GROUP),
        )
        self._web_acls(document)
        self._functions(document)
        self._stores(document)
        self._lambdas(document)
        self._certificates()
        self._buckets(document)
        document.addresses = [cf.OriginAddress(domain_name=name, url=url) for name, url in sorted(addresses.items())]
        self.result.deployment = document
        return self.result

    def _unique(self) -> None:
        """What has one name in an account has one resource here."""
        seen: dict[tuple[str, str], Resource] = {}
        for resource in self.own:
            key = (resource.type, str(resource.id))
            first = seen.setdefault(key, resource)
            if first is not resource:
                self.fault(resource, f"has the name of {first.name!r}: {resource.id} is there already")

    def _quotas(self) -> None:
        for type_, name in (
            (cloudfront.DISTRIBUTION, "cloudfront.distributions"),
            (cloudfront.CACHE_POLICY, "cloudfront.cache_policies"),
            (cloudfront.ORIGIN_REQUEST_POLICY, "cloudfront.origin_request_policies"),
            (cloudfront.RESPONSE_HEADERS_POLICY, "cloudfront.response_headers_policies"),
            (cloudfront.CONTINUOUS, "cloudfront.continuous_deployment_policies"),
            (cloudfront.CF_FUNCTION, "cloudfront.functions"),
        ):
            found, most = self.of(type_), limit(name)
            if len(found) > most.value:
                self.fault(
                    found[int(most.value)],
                    f"is number {int(most.value) + 1} of {len(found)}; an account has at most {most.text} ({most.source})."
                    " Share equal ones, or use the managed ones",
                )

    def _web_acls(self, document: cf.CloudFrontDeployment) -> None:
        used = {distribution.web_acl_id for distribution in document.distributions}
        for resource in self.of(wafv2.WEB_ACL):
            # Gap `aws-waf`.
            if resource.outputs["arn"] not in used or any(map(wafv2.unserved, resource.inputs.get("rules") or [])):
                self.result.gaps.append((resource, "aws-waf"))
            made = self.model(cf.WebAcl, resource) if resource.outputs["arn"] in used else None
            if made is not None:
                document.web_acls.append(made)
        if document.web_acls:
            document.ip_sets = self.models(cf.WafIpSet, wafv2.IP_SET)

    # --- functions -----------------------------------------------------------------------------------------------------------

    def _associations(self, key: str) -> Iterable[tuple[Resource, str, Inputs]]:
        """Yield (distribution, where, association) of all behaviors."""
        for resource in self.of(cloudfront.DISTRIBUTION):
            behaviors = [("defaultCacheBehavior", resource.inputs.get("defaultCacheBehavior") or {})]
            behaviors += [
                (f"orderedCacheBehaviors[{index}]", behavior)
                for index, behavior in enumerate(resource.inputs.get("orderedCacheBehaviors") or [])
            ]
            for where, behavior in behaviors:
                for association in behavior.get(key) or []:
                    yield resource, where, association

    def _functions(self, document: cf.CloudFrontDeployment) -> None:
        published = {}
        for resource in self.of(cloudfront.CF_FUNCTION):
            made = self.model(cf.CloudFrontFunction, resource)
            if made is not None and resource.outputs["publish"]:
                document.functions.append(made)
            published[resource.outputs["arn"]] = resource.outputs["publish"]
        for resource, where, association in self._associations("functionAssociations"):
            if published.get(association.get("functionArn")) is False:
                self.fault(
                    resource,
                    f"{where}.functionAssociations: the function {association['functionArn']} is not published; leave"
                    " `publish` at true",
                )

    def _stores(self, document: cf.CloudFrontDeployment) -> None:
        stores: dict[str, cf.KeyValueStore] = {}
        for resource in self.of(cloudfront.KEY_VALUE_STORE):
            arn = resource.outputs["arn"]
            # Functions call a store by the last part of its ARN.
            made = self.model(cf.KeyValueStore, resource, id=arn.rsplit("/", 1)[-1], pairs=[])
            if made is not None:
                stores[arn] = made
                document.key_value_stores.append(made)
        whole = limit("cloudfront.kvs.store_bytes")
        for resource in self.of(cloudfront.KVS_KEY, cloudfront.KVS_KEYS):
            store = stores.get(resource.inputs["keyValueStoreArn"])
            if store is None:
                self.fault(
                    resource,
                    f"keyValueStoreArn: no key-value store of this stack has the ARN {resource.inputs['keyValueStoreArn']!r}",
                )
                continue
            pairs = (
                [resource.inputs]
                if resource.type == cloudfront.KVS_KEY
                else resource.inputs.get("resourceKeyValuePairs") or []
            )
            known = {pair.key for pair in store.pairs}
            for pair in pairs:
                if pair["key"] in known:
                    self.fault(resource, f"the key {pair['key']!r} is declared twice in {store.name}")
                else:
                    store.pairs.append(cf.KeyValuePair(key=pair["key"], value=pair["value"]))
            size = sum(len(pair.key.encode()) + len(pair.value.encode()) for pair in store.pairs)
            if size > whole.value:
                self.fault(resource, f"{store.name} has {size} bytes now; a store has at most {whole.text}")
        for store in document.key_value_stores:
            store.pairs.sort(key=lambda pair: pair.key)
        known_arns = set(stores)
        self._readers(stores)
        for resource in self.of(cloudfront.CF_FUNCTION):
            for arn in resource.inputs.get("keyValueStoreAssociations") or []:
                if arn not in known_arns:
                    self.fault(
                        resource, f"keyValueStoreAssociations: no key-value store of this stack has the ARN {arn!r}"
                    )

    def _readers(self, stores: Mapping[str, cf.KeyValueStore]) -> None:
        """A store has so many functions that read it, and no more."""
        most = limit("cloudfront.kvs.functions")
        for arn, store in stores.items():
            readers = [
                resource
                for resource in self.of(cloudfront.CF_FUNCTION)
                if arn in (resource.inputs.get("keyValueStoreAssociations") or [])
            ]
            if len(readers) > most.value:
                self.fault(
                    readers[int(most.value)],
                    f"keyValueStoreAssociations: is number {int(most.value) + 1} of {len(readers)} functions that read"
                    f" {store.name}; a store has at most {most.text} ({most.source})",
                )

    def _lambdas(self, document: cf.CloudFrontDeployment) -> None:
        functions = {str(r.outputs["arn"]): r for r in self.of(lambda_.LAMBDA)}
        used: set[str] = set()
        # One fault however many behaviors and events have the association.
        refused: dict[tuple[str, str], tuple[Resource, list[str]]] = {}
        for resource, where, association in self._associations("lambdaFunctionAssociations"):
            arn = str(association.get("lambdaArn"))
            plain = re.sub(r"(:function:[^:]+):.*$", r"\1", arn)
            function = functions.get(plain)
            for refusal in self._refusals(arn, str(association.get("eventType")), function):
                argument = self._rolled_back_to(resource, arn)
                places = refused.setdefault((resource.urn, f"{refusal}{argument}"), (resource, []))[1]
                if where not in places:
                    places.append(where)
            used |= {plain, arn}
        for (_, refusal), (resource, places) in refused.items():
            more = f" (and of {len(places) - 1} more behaviors)" if len(places) > 1 else ""
            self.fault(
                resource,
                f"{places[0]}.lambdaFunctionAssociations{more}: InvalidLambdaFunctionAssociation: {refusal}",
            )
        before = {arn.rpartition(":")[0] for arn in self.earlier}
        runtimes = aws_data().runtimes
        for arn, function in functions.items():
            # What was there before may be changed for some time more: see the handler's own check.
            if arn not in before and (past := runtimes.fault(str(function.inputs.get("runtime") or ""))):
                self.fault(function, f"runtime: {past}; use {', '.join(runtimes.taken())} ({runtimes.source})")
            # Gap `aws-lambda-other`.
            if arn not in used:
                self.result.gaps.append((function, "aws-lambda-other"))
            if not function.inputs.get("publish") or (arn not in used and function.inputs.get("code") is None):
                continue
            made = self._version(function)
            if made is None:
                continue
            self.result.published.append(made)
            if made.arn in used:
                document.lambda_versions.append(made)
        here = {version.arn for version in self.result.published}
        for arn in sorted(used - here):
            if arn in self.earlier:
                version = self.earlier[arn]
                document.lambda_versions.append(
                    version.model_copy(update={"interpreter": _interpreter(version.runtime)})
                )

    def _rolled_back_to(self, distribution: Resource, arn: str) -> str:
        """Return which argument of a component names the version, where one does."""
        parent = self.components.get(distribution.parent or "")
        version = ((parent.inputs.get("rollout") or {}) if parent else {}).get("previousVersionId")
        if parent is None or version is None or arn.rpartition(":")[2] != str(version):
            return ""
        kind = parent.type.rpartition(":")[2]
        return (
            f". It is what `rollout.previous_version_id` of {kind} {parent.name!r} says, {str(version)!r}: give the output"
            " `stable_version_id` of the deployment before, or leave `rollout` out of the first one"
        )

    def _refusals(self, arn: str, event: str, function: Resource | None) -> Iterable[str]:
        """Yield what AWS says to an association, with its own words where they are known."""
        if not re.search(r":\d+$", arn):
            yield (
                f"The function ARN must reference a specific function version. (The ARN must end with the version number.)"
                f" ARN: {arn}. Set publish=True and associate qualified_arn"
            )
        if arn.split(":")[3:4] != [account.REGION]:
            yield f"The function must be in region '{account.REGION}'. ARN: {arn}. Set region=\"{account.REGION}\" on the function"
        if function is None:
            yield f"The function cannot be found: this stack declares none with the ARN {arn}"
            return
        if arn != function.outputs["qualifiedArn"] and re.search(r":\d+$", arn):
            if arn not in self.earlier:
                plain = arn.rsplit(":", 1)[0]
                numbers = [int(each.rsplit(":", 1)[1]) for each in self.earlier if each.rsplit(":", 1)[0] == plain]
                if function.inputs.get("publish"):
                    numbers.append(int(function.outputs["version"]))
                yield (
                    f"The function version cannot be found: {arn}. Published here:"
                    f" {', '.join(map(str, sorted(set(numbers)))) or 'none'}"
                )
            return
        inputs = function.inputs
        name = f"Function: {arn}"
        for key, words in (
            ("environment", "cannot have environment variables"),
            ("layers", "cannot have layers"),
            ("deadLetterConfig", "cannot have a dead letter queue"),
            ("fileSystemConfig", "cannot have a file system"),
            ("kmsKeyArn", "cannot have a KMS key"),
            ("imageUri", "cannot be a container image"),
        ):
            if inputs.get(key):
                yield f"The function {words}. {name}"
        if (inputs.get("vpcConfig") or {}).get("subnetIds"):
            yield f"The function cannot be in a VPC. {name}"
        if (inputs.get("tracingConfig") or {}).get("mode") == "Active":
            yield f"The function cannot have active tracing. {name}"
        if list(inputs.get("architectures") or ["x86_64"]) != ["x86_64"]:
            yield f"The function must have the architecture x86_64. {name}"
        storage = (inputs.get("ephemeralStorage") or {}).get("size", 512)
        most_storage = limit("lambda_edge.ephemeral_storage_mb")
        if storage > most_storage.value:
            yield f"The function has {storage} MB of ephemeral storage. Max allowed: {most_storage.text}. {name}"
        if not lambda_.NODE_AND_PYTHON.fullmatch(str(inputs.get("runtime") or "")):
            yield f"The function has an invalid runtime: {inputs.get('runtime')}. Node.js and Python are supported. {name}"
        kind = "viewer" if event in _VIEWER else "origin"
        most_time = limit(f"lambda_edge.{'viewer.timeout_s_new' if kind == 'viewer' else 'origin.timeout_s'}")
        timeout = inputs.get("timeout", 3)
        if timeout > most_time.value:
            yield (
                f"The function timeout is larger than the maximum allowed for functions that are triggered by a {kind}"
                f" event: {timeout} Max allowed: {most_time.value} {name}"
            )
        most_memory = limit("lambda_edge.viewer.memory_mb")
        memory = inputs.get("memorySize", 128)
        if kind == "viewer" and memory > most_memory.value:
            yield (
                "The function memory is larger than the maximum allowed for functions that are triggered by a viewer"
                f" event: {memory} Max allowed: {most_memory.value} {name}. Leave memory_size out, or associate the function"
                " with origin events"
            )
        yield from self._role_refusals(function)

    def _role_refusals(self, function: Resource) -> Iterable[str]:
        for role in self.of(iam.ROLE):
            if role.outputs["arn"] == function.inputs.get("role"):
                try:
                    trusted = iam_policies.trusted_services(role.inputs["assumeRolePolicy"])
                except iam_policies.BadPolicy:
                    return  # told where the role is made
                if not {"lambda.amazonaws.com", "edgelambda.amazonaws.com"} <= trusted:
                    yield (
                        "The function execution role must be assumable with edgelambda.amazonaws.com as well as"
                        f" lambda.amazonaws.com principals. Update the IAM role and try again. Role: {role.outputs['arn']}"
                    )

    def _version(self, function: Resource) -> cf.LambdaVersion | None:
        inputs = function.inputs
        try:
            if inputs.get("code") is not None:
                files = archive_files(inputs["code"], self.base)
            else:
                files = self._package_in_bucket(function)
        except BadPackage as error:
            self.fault(function, f"code: {error}")
            return None
        return self.model(
            cf.LambdaVersion,
            function,
            arn=function.outputs["qualifiedArn"],
            fingerprint=lambda_.fingerprint(inputs, self.base),
            interpreter=_interpreter(str(inputs.get("runtime"))),
            files=[file.model_dump() for file in files],
        )

    def _package_in_bucket(self, function: Resource) -> list[cf.PackageFile]:
        bucket, key = function.inputs.get("s3Bucket"), function.inputs.get("s3Key")
        for resource in self.of(s3.OBJECT, s3.OBJECT_V2):
            if (resource.inputs["bucket"], resource.outputs["key"]) == (bucket, key):
                source = resource.inputs.get("source")
                if isinstance(source, pulumi.Archive):
                    return archive_files(source, self.base)
                content = object_bytes(resource.inputs, self.base)
                return [
                    cf.PackageFile(path=path, content_base64=base64.b64encode(data).decode())
                    for path, data in unpacked(content, str(key))
                ]
        raise BadPackage(f"this stack declares no object {key!r} in the bucket {bucket!r}")

    # --- certificates --------------------------------------------------------------------------------------------------------

    def _certificates(self) -> None:
        """An alias needs a certificate that covers it; one that the stack does not declare is believed."""
        declared = {str(r.outputs["arn"]): r.outputs["subjectAlternativeNames"] for r in self.of(acm.CERTIFICATE)}
        for resource in self.of(cloudfront.DISTRIBUTION):
            names = declared.get(str((resource.inputs.get("viewerCertificate") or {}).get("acmCertificateArn")))
            if not names:
                continue
            for alias in resource.inputs.get("aliases") or []:
                wildcard = "*." + alias.split(".", 1)[-1]
                if alias.lower() not in [name.lower() for name in names] and wildcard not in names:
                    self.fault(
                        resource,
                        f"aliases: the certificate does not cover {alias}; it has {', '.join(names)}",
                    )

    # --- buckets -------------------------------------------------------------------------------------------------------------

    def _buckets(self, document: cf.CloudFrontDeployment) -> None:
        policies: dict[str, Resource] = {r.inputs["bucket"]: r for r in self.of(s3.BUCKET_POLICY)}
        blocks = {r.inputs["bucket"]: r.inputs for r in self.of(s3.PUBLIC_ACCESS)}
        objects: dict[str, list[Resource]] = {}
        for resource in self.of(s3.OBJECT, s3.OBJECT_V2):
            objects.setdefault(resource.inputs["bucket"], []).append(resource)
        websites = {r.inputs["bucket"]: r for r in self.of(s3.WEBSITE, s3.WEBSITE_V2)}
        known = set()
        for resource in self.of(s3.BUCKET, s3.BUCKET_V2):
            name = str(resource.outputs["bucket"])
            known.add(name)
            made = cf.S3Bucket(
                name=name,
                region=resource.outputs["region"],
                domain_names=[resource.outputs["bucketDomainName"], resource.outputs["bucketRegionalDomainName"]],
                objects=[made for item in objects.get(name, []) if (made := self._object(item)) is not None],
            )
            made.website = self._website(resource, websites.get(name))
            made.website_domain_names = [f"{name}.s3-website{sign}{made.region}.amazonaws.com" for sign in "-."]
            if name in policies:
                self._access(made, policies[name], blocks.get(name) or {}, document)
            document.buckets.append(made)
        for key, resources in objects.items():
            if key not in known:
                for resource in resources:
                    self.fault(resource, f"bucket: this stack declares no bucket {key!r}")

    def _website(self, bucket: Resource, configuration: Resource | None) -> cf.S3Website | None:
        """Return a bucket's website, from a resource of its own or from the bucket's older input."""
        try:
            if configuration is not None:
                return s3_websites.website(configuration.inputs)
            return s3_websites.older_website(bucket.inputs["website"]) if bucket.inputs.get("website") else None
        except (pydantic.ValidationError, ValueError) as error:
            told = error.errors()[0]["msg"] if isinstance(error, pydantic.ValidationError) else str(error)
            self.fault(configuration or bucket, f"website: {told}")
            return None

    def _object(self, resource: Resource) -> cf.S3Object | None:
        inputs = resource.inputs
        source = inputs.get("source")
        if isinstance(source, pulumi.Archive):
            return None  # a package for a function, which nobody asks CloudFront for
        if isinstance(source, pulumi.FileAsset):
            return self.model(
                cf.S3Object, resource, file=str((self.base / str(source.path)).resolve()), content_base64=None
            )
        content = base64.b64encode(object_bytes(inputs, self.base)).decode()
        return self.model(cf.S3Object, resource, content_base64=content)

    def _access(self, bucket: cf.S3Bucket, policy: Resource, block: Inputs, document: cf.CloudFrontDeployment) -> None:
        """Decide who may read: each distribution that has the bucket as an origin, and everyone."""
        text = policy.inputs["policy"]
        arn = f"arn:aws:s3:::{bucket.name}"
        # A key that stands for all: a policy for part of a bucket does not cover it.
        whole = f"{arn}/\ufffd"
        identities = {str(r.id): r for r in self.of(cloudfront.ACCESS_IDENTITY)}
        names = {name.lower() for name in bucket.domain_names}
        try:
            public = iam_policies.allows(text, "s3:GetObject", whole, iam_policies.Caller())
            blocked = block.get("blockPublicPolicy", True) or block.get("restrictPublicBuckets", True)
            # Since April 2023 each new bucket blocks public policies until it is told not to.
            if public and blocked:
                self.fault(
                    policy,
                    "policy: AccessDenied: the policy is public, and the bucket blocks public policies. Let CloudFront"
                    " alone read by an origin access control; or set blockPublicPolicy and restrictPublicBuckets to false",
                )
                return
            bucket.public_read = public
            for distribution in document.distributions:
                for origin in distribution.origins:
                    if origin.domain_name.lower() not in names:
                        continue
                    identity = origin.s3_origin_config.origin_access_identity if origin.s3_origin_config else ""
                    own = identities.get(identity.rsplit("/", 1)[-1])
                    caller = iam_policies.Caller(
                        distribution_arn=distribution.arn if origin.origin_access_control_id else "",
                        account=account.ACCOUNT,
                        identity_arn=str(own.outputs["iamArn"]) if own else "",
                        canonical_user=str(own.outputs["s3CanonicalUserId"]) if own else "",
                    )
                    for action, resource, allowed in (
                        ("s3:GetObject", whole, bucket.readers),
                        ("s3:ListBucket", arn, bucket.listers),
                    ):
                        if iam_policies.allows(text, action, resource, caller) and distribution.arn not in allowed:
                            allowed.append(distribution.arn)
        except iam_policies.NotDecided as error:
            self.fault(policy, f"policy: {error}")
        except iam_policies.BadPolicy:
            return  # told where the policy is made


def _without_none(value: Any) -> Any:
    """Return plain data without what is not given, so that the models' defaults hold."""
    if isinstance(value, Mapping):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    if isinstance(value, (list, tuple)):
        return [_without_none(item) for item in value]
    return value
