"""The codes of faults: one for each kind of fault, with what its page says. `edgewright explain EWF101` prints a page.

A code is interface: programs and alerts go by it, so it keeps its number and its meaning for ever. The number of one that is no
longer used is not given to another. What a fault is decided by is its code, never the words of its message.

    faults.add("endpoints[0].path", "is required and was not given", code=Code.MISSING)
"""

import enum
from typing import Final

FAMILIES: Final = {
    1: ("arguments", "Which arguments are given"),
    2: ("values", "What the values are"),
    3: ("platforms", "What the platform takes"),
    4: ("project", "The project, its settings and the command line"),
    5: ("running", "What runs, here and at the platforms"),
    6: ("files", "Code and files"),
    7: ("safety", "What would be unsafe"),
}
"""The file's name and the title of each family, by the first digit of its codes."""


class Code(enum.Enum):
    """A kind of fault. Its value is its number as shown (`EWF101`); the rest is what its page says."""

    title: str
    """What is wrong, in a few words."""
    means: str
    """What the fault says."""
    why: str
    """Why it is a fault rather than something to make the best of."""
    do: str
    """What to do."""
    wrong: str
    """An example that has the fault."""
    right: str
    """The same, mended."""

    def __new__(cls, number: str, title: str, means: str, why: str, do: str, wrong: str, right: str) -> "Code":
        """Make a code of its number and its page."""
        code = object.__new__(cls)
        code._value_ = number
        code.title, code.means, code.why, code.do, code.wrong, code.right = title, means, why, do, wrong, right
        return code

    @property
    def number(self) -> str:
        """The code as it is shown: `EWF101`."""
        return str(self.value)

    def __str__(self) -> str:
        return self.number

    @classmethod
    def of(cls, number: str) -> "Code | None":
        """Return the code of a number as shown, in any case; None where no kind of fault has it."""
        return next((code for code in cls if code.number == number.upper()), None)

    @property
    def family(self) -> str:
        """The family that it belongs to: `arguments`, `values`."""
        return FAMILIES[int(self.number[3])][0]

    @property
    def page(self) -> str:
        """What `edgewright explain` prints: the same as its page of the documentation has."""
        rows = [
            f"{self.number}: {self.title}",
            "",
            self.means,
            self.why,
            "",
            f"  do     {self.do}",
            "",
            "  wrong",
            *(f"    {line}" for line in self.wrong.splitlines()),
            "  right",
            *(f"    {line}" for line in self.right.splitlines()),
        ]
        return "\n".join(rows) + "\n"

    # 1xx: which arguments are given

    MISSING = (
        "EWF101",
        "A required argument is missing",
        "An argument was not given, or is None, and is needed: always, or because of another one that was given.",
        "There is no default that would be right for every stack.",
        "Give it. The message names the argument by its place in what was given.",
        'EdgeApi("api", {"host": "cloudflare"})',
        'EdgeApi("api", {"host": "cloudflare", "endpoints": [{"path": "/*", "handler": "api.ts"}]})',
    )
    UNKNOWN = (
        "EWF102",
        "There is no argument of this name",
        "The component, or the mapping inside it, has no argument of the name that was given. Names are in snake case.",
        "A misspelt name would otherwise do nothing, without a word.",
        "Correct the name; the message says which one is most like it and which there are.",
        '{"path": "/api", "rate_limits": {"limit": 100, "period": 60}}',
        '{"path": "/api", "rate_limit": {"limit": 100, "period": 60}}',
    )
    EXCLUSIVE = (
        "EWF103",
        "Exactly one of several arguments must be given",
        "None, or more than one, of arguments was given of which each says the same thing in another way.",
        "With two of them it is not known which one is meant; with none there is nothing to go by.",
        "Give one of those that the message names, and leave out the others.",
        '{"path": "/api", "handler": "api.ts", "origin": "https://example.com"}',
        '{"path": "/api", "handler": "api.ts"}',
    )
    NEEDS = (
        "EWF104",
        "An argument needs another one that is not given",
        "What was given works only together with another argument, which is missing.",
        "Half of a pair has no meaning, and to guess the other half would be wrong for some stacks.",
        "Give the argument that the message names, or leave out the one that needs it.",
        '{"endpoints": [{"path": "/me", "auth": {"kind": "session"}, ...}]}',
        '{"sessions": {"binding": store.binding}, "endpoints": [{"path": "/me", "auth": {"kind": "session"}, ...}]}',
    )
    NO_EFFECT = (
        "EWF105",
        "An argument has no effect as written",
        "The argument is sound by itself, but nothing reads it beside the others that were given.",
        "What is accepted takes effect. A setting that silently does nothing is found in production.",
        "Leave it out, or give what makes it work.",
        '{"path": "/api", "handler": "api.ts", "strip_prefix": "/api"}',
        '{"path": "/api", "origin": "https://example.com", "strip_prefix": "/api"}',
    )
    TWICE = (
        "EWF106",
        "The same thing is given twice",
        "A list names the same item two times, or two items claim what only one can have.",
        "The second is a mistake of copying, or the two differ and one of them would be lost.",
        "Leave one of them out, or give it another name.",
        '{"methods": ["GET", "GET"]}',
        '{"methods": ["GET"]}',
    )
    EMPTY = (
        "EWF107",
        "Something is empty that must not be",
        "A list, a mapping or a text was given and has nothing in it.",
        "Empty is not the same as left out: here it would mean that nothing works.",
        "Give at least one item, or leave the argument out where it may be.",
        '{"endpoints": []}',
        '{"endpoints": [{"path": "/*", "handler": "api.ts"}]}',
    )
    CONTRADICTION = (
        "EWF108",
        "Two arguments contradict each other",
        "Both are sound alone, and both cannot be true.",
        "To follow one of them would silently drop the other.",
        "Change one, or leave one out.",
        '{"strategy": "no-store", "edge_ttl": 60}',
        '{"strategy": "cache-first", "edge_ttl": 60}',
    )
    MOVED = (
        "EWF109",
        "The argument has moved to another place",
        "An argument was given where it no longer is. The message says where it is now: what one platform has alone is among its"
        " options (`cloudflare`, `cloudfront`).",
        "Two places for one thing would have to be kept in agreement for ever.",
        "Give it in the new place; its value stays. docs/upgrade.md lists every move.",
        'EdgeApi("api", {"zone_id": zone, ...})',
        'EdgeApi("api", {"cloudflare": {"zone_id": zone}, ...})',
    )
    NAME_TAKEN = (
        "EWF110",
        "The name is taken by another component or resource",
        "Two parts of one program, or a part and something that exists, would have the same name where names are unique.",
        "The platform refuses the second, or lets it write over the first.",
        "Give one of the two another name.",
        'bindings = [KvNamespace("a", {"binding_name": "KV"}).binding, KvNamespace("b", {"binding_name": "KV"}).binding]',
        'bindings = [KvNamespace("a", {"binding_name": "A"}).binding, KvNamespace("b", {"binding_name": "B"}).binding]',
    )
    OVERLAP = (
        "EWF111",
        "Two parts match the same requests",
        "A request would fit two endpoints, routes, redirects or folders, and one of them would never answer.",
        "Which one wins would depend on the order or on the platform.",
        "Let each path and method lead to one place.",
        '[{"path": "/items/:id", ...}, {"path": "/items/:name", ...}]',
        '[{"path": "/items/:id", ...}]',
    )
    KNOWN_LATER = (
        "EWF112",
        "The value is known only later",
        "An Output was given where a plain value is needed while the program runs.",
        "What the program declares depends on it, so that it must be known before anything is made.",
        "Give a plain value, for example from the stack's configuration: `config.require(...)`.",
        '{"path": other.path_output, ...}',
        '{"path": config.require("path"), ...}',
    )
    NO_SUCH = (
        "EWF113",
        "It refers to something that is not there",
        "A name was given that should be that of another part (a secret, a queue, a region, an endpoint), and no part has it.",
        "What it refers to would be missing when a request comes.",
        "Correct the name, or add what it refers to; the message says which names there are.",
        '{"secrets": {"KEY": key}, "jwt": {"secret": "KYE", ...}}',
        '{"secrets": {"KEY": key}, "jwt": {"secret": "KEY", ...}}',
    )
    BY_KEYWORD = (
        "EWF114",
        "Arguments are given by keyword",
        "A component takes its arguments as one mapping, after its name.",
        "Keywords of the constructor are Pulumi's own (`opts`).",
        "Write the arguments as one mapping.",
        'KvNamespace("data", title="data")',
        'KvNamespace("data", {"title": "data"})',
    )

    # 2xx: what the values are

    TYPE = (
        "EWF201",
        "The value is of the wrong type",
        "A string was given for a number, a single item for a list, a component for one of its outputs, or the like.",
        "To convert it would be a guess, and the wrong one for some values.",
        "Give a value of the type that the message names.",
        '{"limit": "many", "period": 60}',
        '{"limit": 100, "period": 60}',
    )
    WORD = (
        "EWF202",
        "The value is not one of the allowed words",
        "The argument takes a word of a fixed list, and this is another one. Case matters.",
        "Every word has a meaning of its own; another one has none.",
        "Use one of the words that the message lists.",
        '{"mode": "overide"}',
        '{"mode": "override"}',
    )
    RANGE = (
        "EWF203",
        "The number is out of range",
        "The value is smaller or larger than the argument can be.",
        "Outside of the range the platform refuses it, or it would mean something else.",
        "Give a number within the bounds that the message names.",
        '{"latitude": 524.0, "longitude": 13.4}',
        '{"latitude": 52.4, "longitude": 13.4}',
    )
    URL = (
        "EWF204",
        "The URL is malformed",
        "The value is not an absolute http(s) URL of the form that is needed here.",
        "A request could not be sent there, or credentials and queries in it would be written into the function.",
        "Write scheme, host and, where allowed, a path; leave out credentials, query and fragment.",
        '{"origin": "example.com"}',
        '{"origin": "https://example.com"}',
    )
    HOSTNAME = (
        "EWF205",
        "The hostname is malformed",
        "The value is not a full hostname in lower-case ASCII.",
        "DNS and certificates know names of that form only.",
        "Write the name alone: no scheme, no port, no path. Names in other scripts are written as IDNA encodes them.",
        '{"hostname": "https://API.example.com/"}',
        '{"hostname": "api.example.com"}',
    )
    PATH = (
        "EWF206",
        "The path is malformed",
        "The value is not a path as endpoints, redirects and checks match them.",
        "No request would match it, or others than it says.",
        "Begin with `/`; use `:name` for one segment and `*` at the end for the rest.",
        '{"path": "api/*/items"}',
        '{"path": "/api/:kind/items"}',
    )
    ROUTE = (
        "EWF207",
        "The route's pattern is malformed",
        "The value is not a hostname with a path, with `*` before the hostname or at the end.",
        "The platform refuses other patterns, or they match nothing.",
        "Write hostname and path, for example `example.com/api/*`.",
        '{"cloudflare": {"routes": ["example.com"]}}',
        '{"cloudflare": {"routes": ["example.com/*"]}}',
    )
    HEADER_NAME = (
        "EWF208",
        "The header's name is malformed",
        "The name has a character that a header's name cannot have (RFC 9110, section 5.1).",
        "Such a header cannot be sent.",
        "Use letters, digits and !#$%&'*+-.^_`|~ only.",
        '{"headers": {"X Key": "1"}}',
        '{"headers": {"X-Key": "1"}}',
    )
    HEADER_VALUE = (
        "EWF209",
        "The header's value is malformed",
        "The value has a line break or a control character, or blanks around it.",
        "It would end the header, and what follows would be read as another one.",
        "Write it in one line, without blanks around it.",
        '{"headers": {"X-Key": "a\\nb"}}',
        '{"headers": {"X-Key": "a b"}}',
    )
    DATE = (
        "EWF210",
        "The date cannot be used",
        "The value is no day of the calendar as `YYYY-MM-DD`, or a day that is too early or still to come.",
        "What depends on it would be undefined.",
        "Write an existing day as `YYYY-MM-DD`, within the bounds that the message names.",
        '{"cloudflare": {"compatibility_date": "1.2.2026"}}',
        '{"cloudflare": {"compatibility_date": "2026-02-01"}}',
    )
    QUANTITY = (
        "EWF211",
        "A duration, size, rate or share cannot be read",
        "A text was given for a number, and it is not written as one of its kind.",
        "A unit that is guessed is wrong by a factor of sixty or a thousand.",
        "Write a number, or a number and a unit: `30s`, `10m`, `1h`, `30d`; `10MB`, `1GiB`; `100/min`; `10%`.",
        '{"edge_ttl": "1 fortnight"}',
        '{"edge_ttl": "14d"}',
    )
    NAME = (
        "EWF212",
        "The name is malformed",
        "The name of a function, binding, region, title, tag, cookie or variant has characters or a length that it cannot have.",
        "The platform refuses it, or it could not be written where it is used.",
        "Use the characters that the message lists.",
        '{"binding_name": "my-kv"}',
        '{"binding_name": "MY_KV"}',
    )
    COUNTRY = (
        "EWF213",
        "It is not a country's code",
        "The value is not a code of ISO 3166-1 alpha-2.",
        "No request would ever come from there.",
        "Write the code of two capital letters.",
        '{"countries": ["UK"]}',
        '{"countries": ["GB"]}',
    )
    IDENTIFIER = (
        "EWF214",
        "The identifier or ARN is malformed",
        "The value does not look like an id of the platform's: of an account, a zone, a version, a certificate, a function.",
        "The platform would refuse the request, late and with another message.",
        "Copy it from where the message says.",
        '{"cloudflare": {"zone_id": "example.com"}}',
        '{"cloudflare": {"zone_id": "0123456789abcdef0123456789abcdef"}}',
    )
    METHOD = (
        "EWF215",
        "It is not a method that an endpoint can answer",
        "The value is not an HTTP method of the list, in capitals, or `*` stands beside others.",
        "No request would come with it.",
        "Use methods of the list, or `*` alone.",
        '{"methods": ["get"]}',
        '{"methods": ["GET"]}',
    )
    STATUS = (
        "EWF216",
        "It is not a status that can be used here",
        "The number is not an HTTP status for which this setting has a meaning.",
        "It would never apply, or would break the protocol.",
        "Use one that the message lists.",
        '{"statuses": [206]}',
        '{"statuses": [200]}',
    )
    STORE_KEY = (
        "EWF217",
        "It is not a key of a store",
        "A key is empty, `.`, `..`, or has blanks or control characters.",
        "The store refuses it, or it could not be named in a URL.",
        "Use printable characters without blanks.",
        '{"seed": {"entries": [{"key": "", "value": "1"}]}}',
        '{"seed": {"entries": [{"key": "first", "value": "1"}]}}',
    )
    BINDING = (
        "EWF218",
        "It is not a binding that can be used here",
        "The value is not a component's `binding`, or is one of another type than is needed.",
        "The function could not reach what is bound.",
        "Give the `binding` of the component that the message names.",
        '{"sessions": {"binding": store}}',
        '{"sessions": {"binding": store.binding}}',
    )
    RESERVED = (
        "EWF219",
        "The name is reserved",
        "A header, file or key of this name is set or removed by edgewright or by the platform.",
        "What is given here would be overwritten, or would have another meaning.",
        "Use another name, or what the message advises.",
        '{"headers": {"Host": "example.com"}}',
        '{"headers": {"X-Forwarded-Host": "example.com"}}',
    )
    WILDCARD = (
        "EWF220",
        "`*` stands where it has no meaning",
        "`*` is beside other items, or in a place where only whole names may be.",
        "It stands for everything, so that the others would say nothing; or it would be taken literally.",
        "Use `*` alone, or name each item.",
        '{"vary": ["*"]}',
        '{"vary": ["accept-language"]}',
    )
    COMPONENT_OUTPUT = (
        "EWF221",
        "It is not what another component gives",
        "The argument takes an output of a component (`routing`, `spec`, `association`), and this is something else.",
        "Such values are made and checked by their component; by hand they would be incomplete.",
        "Give the output that the message names.",
        '{"cache": policy}',
        '{"cache": policy.spec}',
    )

    # 3xx: what the platform takes

    UNSUPPORTED = (
        "EWF301",
        "The platform does not support this",
        "The feature, or this setting of it, cannot be had on the host that the component is for.",
        "It would be left out silently, and the system would behave otherwise than the program says.",
        "Do what the message advises, or choose another host.",
        'EdgeApi("api", {"host": "cloudfront", "secrets": {...}, ...})',
        'EdgeApi("api", {"host": "cloudfront", ...})  # the handler reads Secrets Manager',
    )
    OTHER_PLATFORM = (
        "EWF302",
        "The argument is of another platform",
        "The argument is supported by another host only.",
        "It could not take effect here.",
        "Leave it out, or give it among the options of the platform that has it.",
        '{"host": "cloudflare", "redirects": [...]}',
        '{"host": "cloudflare"}',
    )
    LIMIT = (
        "EWF303",
        "A limit of the platform is exceeded",
        "What was given is larger, longer or more than the platform takes. The message has the number, the limit and its source.",
        "The deployment would fail, or the rest would be dropped.",
        "Make it smaller, or split it. Where your account has a higher limit, set it under `edgewright:limits`.",
        '{"tags": [f"tag-{n}" for n in range(2000)]}',
        '{"tags": ["catalogue"]}',
    )
    NOT_TAKEN = (
        "EWF304",
        "The platform takes other values here",
        "The value is sound, but not one of those that the platform accepts for this setting.",
        "The deployment would fail.",
        "Use one of those that the message lists, with their source.",
        '{"cloudfront": {"log_retention_days": 10}}',
        '{"cloudfront": {"log_retention_days": 14}}',
    )
    REGION = (
        "EWF305",
        "It is in a region that cannot be used here",
        "A function, certificate or shield is in a region from which the platform does not take it.",
        "The deployment would fail.",
        "Use the region that the message names.",
        '{"cloudfront": {"certificate_arn": "arn:aws:acm:eu-west-1:..."}}',
        '{"cloudfront": {"certificate_arn": "arn:aws:acm:us-east-1:..."}}',
    )
    DATA_LOSS = (
        "EWF306",
        "The change would lose data",
        "The change asks for a new store in place of the one that holds the data.",
        "What is in the old store would be deleted.",
        "Put the value back; for a new store declare a second component and move the data.",
        'KvNamespace("data", {"cloudflare": {"jurisdiction": "eu"}})  # was made without',
        'KvNamespace("data-eu", {"cloudflare": {"jurisdiction": "eu"}})',
    )
    ROLLOUT_STATE = (
        "EWF307",
        "The rollout does not allow this now",
        "A gradual rollout is under way, or has not begun, and the change needs the other.",
        "The platform refuses it, or there is no version for the rest of the requests.",
        "Do the steps that the message lists, one deployment each.",
        '{"rollout": {"percentage": 10}}  # in the first deployment',
        '{"rollout": {"percentage": 100}}',
    )
    COMBINATION = (
        "EWF308",
        "The platform does not take these together",
        "Two parts are supported alone, and not both in one place of the platform's (one behavior, one event, one distribution).",
        "The deployment would fail, or one of them would not be used.",
        "Leave one out, or put them on paths that the platform tells apart.",
        '{"path": "/a/*", "cloudfront": {"functions": [f]}, "auth": {...}, "cache": spec}',
        '{"path": "/a/*", "auth": {...}, "cache": spec}',
    )
    UNREACHABLE = (
        "EWF309",
        "Nothing leads to it",
        "The API or function has no address, event or endpoint by which a request could come.",
        "It would be deployed and never asked.",
        "Give a hostname, a route or an event.",
        '{"cloudflare": {"workers_dev": False}}',
        '{"cloudflare": {"workers_dev": False, "zone_id": zone}, "hostname": "api.example.com"}',
    )

    # 4xx: the project, its settings and the command line

    PROJECT = (
        "EWF401",
        "The project is not as it must be",
        "There is no Pulumi.yaml, or it, its runtime or its program cannot be used.",
        "Without it nothing can be run.",
        "Run the command in the project's folder, and mend what the message names.",
        "name: shop",
        "name: shop\nruntime: python",
    )
    STACK = (
        "EWF402",
        "There is no such stack",
        "The stack has no settings file, or its name cannot be one, or it has nothing of what the command needs.",
        "The command would work on another stack than meant.",
        "Use one of the stacks that the message lists, or make its Pulumi.<stack>.yaml.",
        "edgewright check pord",
        "edgewright check prod",
    )
    SETTING = (
        "EWF403",
        "A setting is wrong",
        "A key or value in the stack's settings is unknown, of the wrong type, or not allowed. The message has file and line.",
        "A misspelt setting would otherwise do nothing, without a word.",
        "Correct it; the message says what is allowed.",
        "config:\n  edgewright:verify: { rate: fast }",
        "config:\n  edgewright:verify: { rate: 100/min }",
    )
    SYNTAX = (
        "EWF404",
        "A document cannot be read",
        "A file of settings, state or records is not YAML or JSON, or not of the form that it must have.",
        "Nothing in it can be trusted.",
        "Mend it at the line that the message names.",
        "config: [",
        "config: {}",
    )
    PROGRAM = (
        "EWF405",
        "The program failed",
        "The stack's program raised an error, ended early, or declared something that cannot be.",
        "What it declared until then is not the whole stack.",
        "Mend the program; the message has the file and the line.",
        'config.require("origin")  # which no settings have',
        'config.get("origin") or "https://example.com"',
    )
    OPTION = (
        "EWF406",
        "An option of the command line is wrong",
        "An option or argument has a value that it cannot have, or excludes another one.",
        "The command would do something else than meant.",
        "Correct it; `--help` says what is allowed.",
        "edgewright check --format pretty",
        "edgewright check --format text",
    )
    UNREADABLE = (
        "EWF407",
        "A file cannot be read",
        "A file or folder that an option or setting names is missing, unreadable or too large.",
        "The command needs what is in it.",
        "Correct the name, or the file's permissions.",
        "edgewright warm --from missing.txt",
        "edgewright warm --from pages.txt",
    )
    UNWRITABLE = (
        "EWF408",
        "A file cannot be written",
        "The place for a report or record is not a place that can be written to, or two reports would share it.",
        "The result would be lost.",
        "Choose another place, or make the folder.",
        "edgewright check --output /missing/report.txt",
        "edgewright check --output report.txt",
    )
    POLICY = (
        "EWF409",
        "A policy's configuration or exception is wrong",
        "There is no policy of that name, its configuration has a fault, or an exception has no reason or is malformed.",
        "A guardrail would be off, or other than written, without a word.",
        "Correct it; `edgewright policies` lists names and configurations.",
        "edgewright:policies: { cpu-bugdet: disabled }",
        "edgewright:policies: { cpu-budget: disabled }",
    )
    NOTHING = (
        "EWF410",
        "There is nothing to do",
        "The command was asked to work on a set (of pages, purges, functions), and the set is empty.",
        "Success would read as if something had been done.",
        "Name something that is there; the message says where it was looked for.",
        "edgewright purge prod  # a stack without a cache",
        "edgewright purge prod --prefix /catalogue",
    )
    CREDENTIALS = (
        "EWF411",
        "Credentials are missing or refused",
        "The platform's credentials are not in the environment, or may not do what the command needs.",
        "Nothing can be asked of the platform.",
        "Set the variables that the message names, or give the token the right that it lacks.",
        "edgewright purge prod",
        "CLOUDFLARE_API_TOKEN=... edgewright purge prod",
    )
    NEVER_SERVED = (
        "EWF412",
        "What is to be purged can never be served",
        "The edge answers 400 to such a path, so that no cache has it.",
        "Success would read as if something had been removed.",
        "Write the path as clients ask for it.",
        "edgewright purge --url /a/%2e%2e/b",
        "edgewright purge --url /b",
    )

    # 5xx: what runs, here and at the platforms

    INSTALL = (
        "EWF501",
        "A part of the local cloud is not installed",
        "Node.js, a runtime or a built file that the local cloud needs is missing and could not be installed.",
        "Handlers run on the real runtimes only.",
        "Do what the message says; behind a proxy set the registry's address first.",
        "edgewright dev  # without a network, the first time",
        "edgewright dev  # once with a network; afterwards without",
    )
    PORT = (
        "EWF502",
        "A port is in use",
        "Another process listens on a port that the local cloud needs.",
        "Two processes cannot share it.",
        "End the other process, or choose another port in the settings.",
        "edgewright dev  # twice",
        "edgewright dev --port 8788",
    )
    PROCESS = (
        "EWF503",
        "A process did not start or ended",
        "A process that the local cloud consists of did not start in time, or ended by itself.",
        "Without it the local cloud is not whole.",
        "Look into the log that the message names, and start again.",
        "services: { origin: { command: node missing.js } }",
        "services: { origin: { command: node origin.js } }",
    )
    REFUSED = (
        "EWF504",
        "The runtime refused what was deployed",
        "The local cloud took the deployment and the real runtime, or a rule of the platform, refused it.",
        "The platform would refuse it as well. The last good deployment goes on answering.",
        "Mend what the message names; the place in the handler is given where the runtime named one.",
        "export default { fetch() { return missing } }",
        'export default { fetch() { return new Response("ok") } }',
    )
    REMOTE = (
        "EWF505",
        "A service refused or failed",
        "An API of the platform, or the Pulumi command, refused a request or failed several times.",
        "It is not known whether what was asked for was done.",
        "Read what it answered; run the command again where it is busy.",
        "edgewright purge prod  # the API answers 500",
        "edgewright purge prod  # again, later",
    )
    NO_ANSWER = (
        "EWF506",
        "A site does not answer as needed",
        "The address that a command asks cannot be reached, or answers otherwise than it must.",
        "Nothing could be measured or warmed.",
        "See whether the address is right and the stack deployed.",
        "edgewright verify --url https://api.example.test",
        "edgewright verify --url https://api.example.com",
    )
    STOPPED = (
        "EWF507",
        "It was stopped before it was done",
        "The command was interrupted while it started.",
        "What was begun has been cleared away.",
        "Run it again.",
        "edgewright dev  # and Ctrl-C at once",
        "edgewright dev",
    )
    NOT_RUNNING = (
        "EWF508",
        "The local cloud does not run, or in another version",
        "A command needs the local cloud of this project, and it is not there, belongs to another stack or is of another version.",
        "There is nothing that could answer.",
        "Start it with `edgewright dev`.",
        "edgewright purge dev  # nothing runs",
        "edgewright dev --detach && edgewright purge dev",
    )
    RUNNING = (
        "EWF509",
        "It already runs",
        "The stack's local cloud runs already, perhaps on another port.",
        "Two of them would write to the same state.",
        "Use the one that runs, or stop it with `edgewright down`.",
        "edgewright dev && edgewright dev --port 9000",
        "edgewright down && edgewright dev --port 9000",
    )

    # 6xx: code and files

    NO_FILE = (
        "EWF601",
        "The file or folder is not there",
        "A handler, seed, package or folder of assets that the program names does not exist, or is not of that kind.",
        "There is nothing to upload.",
        "Correct the name. Paths are relative to the program's folder.",
        '{"handler": "missing.ts"}',
        '{"handler": "api.ts"}',
    )
    FILE_KIND = (
        "EWF602",
        "The file is of a kind that cannot be used here",
        "The file's name ends in something else than code or data of the kinds that are taken.",
        "What is in it would be read wrongly.",
        "Use a file with one of the endings that the message lists.",
        '{"handler": "api.rb"}',
        '{"handler": "api.ts"}',
    )
    BUNDLE = (
        "EWF603",
        "The code cannot be bundled",
        "The bundler found a fault in the code: its syntax, or an import that leads nowhere.",
        "There is no module that could be uploaded.",
        "Mend it at the place that the message names; install packages that are missing.",
        'import { x } from "not-installed"',
        'import { x } from "./x.ts"',
    )
    EXPORT = (
        "EWF604",
        "The code does not export what is asked for",
        "The module has no default export, or none of the name that is to be called, or it is of another kind.",
        "The platform would find nothing to call.",
        "Export a function, or an object with `fetch`, as the message shows.",
        "function fetch(request) { ... }",
        "export default { fetch(request, env, ctx) { ... } }",
    )
    RUNTIME_FLAG = (
        "EWF605",
        "The code needs something that the runtime does not have as configured",
        "The code uses modules or syntax which the runtime has only with a flag, or not at all.",
        "It would fail when it is loaded.",
        "Set the flag that the message names, or do without.",
        'import fs from "node:fs"  // compatibility_flags: []',
        'import fs from "node:fs"  // compatibility_flags: ["nodejs_compat"]',
    )
    TOO_MANY_FILES = (
        "EWF606",
        "A folder has too many files, or none",
        "A folder that is to be uploaded, or read, has more files than can be handled, or is empty.",
        "It is mostly the wrong folder.",
        "Name a folder of built code or content.",
        '{"code": {"directory": "."}}',
        '{"code": {"directory": "dist"}}',
    )
    CONTENT = (
        "EWF607",
        "The content of a file cannot be used",
        "The file is there, and what is in it is not text, not JSON or not of the form that is needed.",
        "A store or function would get something else than meant.",
        "Mend the file at the place that the message names.",
        '{"key": "a", "valeu": 1}',
        '{"key": "a", "value": 1}',
    )

    # 7xx: what would be unsafe

    WEAK_SECRET = (
        "EWF701",
        "The secret is too weak",
        "A secret that signs or verifies is shorter than its algorithm needs, or a word.",
        "Whoever guesses it can sign as you do.",
        "Use random bytes of the length that the message names.",
        'secrets = {"KEY": "secret"}',
        'secrets = {"KEY": config.require_secret("key")}  # 32 random bytes or more',
    )
    SHARED_ANSWER = (
        "EWF702",
        "One caller's answer could be given to another",
        "Answers that depend on the caller would be stored under a key that does not tell callers apart.",
        "It would disclose what belongs to somebody else.",
        "Let the origin say what may be shared (mode 'origin'), put what it depends on into the key, or do not store it.",
        '{"auth": {"kind": "jwt"}, "cache": CachePolicy("c", {"mode": "override", "edge_ttl": 60}).spec}',
        '{"auth": {"kind": "jwt"}, "cache": CachePolicy("c", {"mode": "origin"}).spec}',
    )
    EXPOSED_SECRET = (
        "EWF703",
        "A secret would lie where others can read it",
        "The secret would be written into a package, a URL or a log.",
        "Whoever may read the function could use it.",
        "Use what has no secret (`jwks_url`), or a store of secrets.",
        '{"auth": {"kind": "jwt", "secret": "KEY"}}  # on CloudFront',
        '{"auth": {"kind": "jwt", "jwks_url": "https://..."}}',
    )
    UNGUARDED = (
        "EWF704",
        "Something public lies inside what is guarded",
        "Files or endpoints that anybody may read have a path inside an endpoint with `auth`.",
        "They would pass by the check.",
        "Use a path beside it, or say `public: true` where that is meant.",
        '{"assets": [{"path": "/account/files/*"}], "endpoints": [{"path": "/account/*", "auth": {...}}]}',
        '{"assets": [{"path": "/files/*"}], "endpoints": [{"path": "/account/*", "auth": {...}}]}',
    )
    OPEN_REDIRECT = (
        "EWF705",
        "A redirect could be led elsewhere",
        "What a client writes into the path would choose the host that the redirect leads to, or the redirect leads to itself.",
        "Links on your name would lead to a site of somebody else, or in a circle.",
        "End the host with a slash before `*`, and let the target be where the content is.",
        '{"path": "/old/*", "to": "https://example.com*"}',
        '{"path": "/old/*", "to": "https://example.com/*"}',
    )
    PATH_CONFUSION = (
        "EWF706",
        "A path could be read in two ways",
        "With `url_normalization: none` the origin may read a path otherwise than the API does, and a check depends on it.",
        "A request could pass by a check, or be given another endpoint's answer.",
        "Leave `url_normalization` out, or give that endpoint an API of its own.",
        '{"url_normalization": "none", "endpoints": [{"path": "/a/*", ...}, {"path": "/b/*", ...}]}',
        '{"url_normalization": "none", "endpoints": [{"path": "/*", ...}]}',
    )
    CORS_CREDENTIALS = (
        "EWF707",
        "`*` cannot go with credentials",
        "CORS with credentials needs each origin, header and method by its name.",
        "Browsers refuse it, and any site could otherwise act as the user.",
        "Name them, or leave `credentials` out.",
        '{"cors": {"origins": ["*"], "credentials": True}}',
        '{"cors": {"origins": ["https://shop.example"], "credentials": True}}',
    )
