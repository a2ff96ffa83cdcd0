"""Who answers a running program in the place of the real clouds."""

from typing import Protocol

from edgewright.engine.resources import Inputs


class CloudError(Exception):
    """The cloud refuses a resource or a call. The message is for the user."""


class UnknownType(CloudError):
    """The cloud has no resource or function of this name."""


class NotAnswered(UnknownType):
    """Nobody is there to answer a function of a provider. In a preview its result is unknown."""


class Cloud(Protocol):
    """What a run needs of a cloud. It is pickled into the process that runs the program: keep it plain data."""

    def new_resource(self, type_: str, name: str, inputs: Inputs, /) -> tuple[str, Inputs]:
        """Return the id and the complete outputs of a new resource.

        An output that is left out is None to the program, where the real cloud would have given a value.

        Raises:
            CloudError: the cloud would refuse it.
        """
        ...

    def read_resource(self, type_: str, name: str, identity: str, inputs: Inputs, /) -> Inputs:
        """Return the outputs of a resource that the program looks up by its id."""
        ...

    def call(self, token: str, args: Inputs, /) -> Inputs:
        """Return what a provider's function gives for these arguments."""
        ...


class RecordingCloud:
    """Accepts every resource and gives its inputs back; ids are made of names. For tests and for looking at inputs.

    Where others refer to a resource by its outputs (ARNs, names), it gets those: without them, nothing would lead from one to
    another.
    """

    def new_resource(self, type_: str, name: str, inputs: Inputs) -> tuple[str, Inputs]:
        identity = f"{name}-id"
        from edgewright.platforms import each_part
        from edgewright.platforms.handlers import named

        handler = next((part.REFERRED_TO[type_] for part in each_part("emulate") if type_ in part.REFERRED_TO), None)
        if handler is None or any(inputs.get(key) is None for key in handler.required):
            return identity, dict(inputs)
        # Without a name of its own each function would have the ARN of every other one.
        inputs = named(handler, type_, name, inputs)
        return identity, {**handler.outputs(inputs, identity), **inputs}

    def read_resource(self, _type: str, _name: str, _identity: str, inputs: Inputs) -> Inputs:
        return dict(inputs)

    def call(self, token: str, args: Inputs) -> Inputs:
        from edgewright.platforms import each_part

        for part in each_part("emulate"):
            if token in part.RECORDED_FUNCTIONS:
                found: Inputs = part.RECORDED_FUNCTIONS[token](args)
                return found
        raise NotAnswered(
            f"the function {token} asks the real cloud, which is not asked here; give the value in the stack's settings,"
            " or call the function's `_output` form, whose result is then unknown"
        )
