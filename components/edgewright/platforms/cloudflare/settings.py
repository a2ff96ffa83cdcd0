"""What a stack's settings say of Cloudflare for all components: `edgewright:cloudflare`."""

from pydantic import BaseModel, ConfigDict, Field

from edgewright.arguments.fields import AccountId, Hostname, ZoneId


class StackSettings(BaseModel):
    """Where the stack's components are on Cloudflare. A component's own `cloudflare: {...}` goes before it."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    account_id: AccountId | None = Field(
        default=None, description="The account. Default: `CLOUDFLARE_ACCOUNT_ID` in the environment."
    )
    zone_id: ZoneId | None = Field(default=None, description="The DNS zone of hostnames and routes.")
    zone_name: Hostname | None = Field(
        default=None, description="The zone's domain: hostnames and routes outside it are refused."
    )


MODEL: type[BaseModel] = StackSettings
