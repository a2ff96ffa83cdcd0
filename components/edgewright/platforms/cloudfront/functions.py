"""CloudFront Functions: the API's own code at the viewer, and what the runtime takes.

The code is generated and small. It removes headers by which a client would speak for the edge, and does what the behavior
needs: redirects, the routing region for the cache key, the session's look-up, experiments.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from edgewright.base.fault_codes import Code
from edgewright.base.faults import Faults
from edgewright.contract.limits import limit
from edgewright.contract.models import RouterSpec

RUNTIME = "cloudfront-js-2.0"
FEATURES_SOURCE = (
    "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-javascript-runtime-features.html"
)

STATUS_TEXTS = {
    301: "Moved Permanently",
    302: "Found",
    303: "See Other",
    307: "Temporary Redirect",
    308: "Permanent Redirect",
}

RESERVED = ("x-edgewright-", "x-origin-", "x-local-", "x-middleware-", "x-vercel-", "x-forwarded-host", "x-original-")
"""Beginnings of request headers that only the edge may set."""

_REFUSED: Sequence[tuple[str, str]] = (
    (r"\bclass\b(?=\s+[A-Za-z_$]|\s*\{)", "class is not supported"),
    (r"\bfunction\s*\*", "generator functions are not supported"),
    (r"\?\.(?!\d)", "optional chaining (?.) is not supported"),
    (r"\?\?", "nullish coalescing (??) is not supported"),
    (r"\b(?:var|let|const)\s*[\[{]", "destructuring is not supported"),
    (r"\bfunction\b[^(){}]*\([^()]*[\[{][^()]*\)", "destructuring is not supported"),
    (r"\(\s*[\[{][^()]*\)\s*=>", "destructuring is not supported"),
    (r"\bfunction\b[^(){}]*\([^()]*[^=!<>()]=(?![=>])[^()]*\)", "default values of parameters are not supported"),
    (r"\([^()]*[^=!<>()]=(?![=>])[^()]*\)\s*=>", "default values of parameters are not supported"),
    # What is spread, not the last parameters taken together, which are supported.
    (r"\.\.\.(?!\s*[\w$]+\s*\)\s*(?:\{|=>))", "spreading (...) is not supported"),
    (r"\bfor\s*\(\s*(?:(?:var|let|const)\s+)?[\w$]+\s+of\b", "for-of is not supported"),
    (r"(?:\|\||&&)=", "logical assignment is not supported"),
    (r"\bimport\s*\(", "dynamic import is not supported"),
    (r"\beval\s*\(", "eval is not supported"),
    (r"\bnew\s+Function\b", "function constructors are not supported"),
)
_BLANK = re.compile(
    r"//[^\n]*|/\*.*?\*/|'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\"|`(?:[^`\\]|\\.)*`"
    r"|(?<=[=(,:])\s*/(?![/*])(?:[^/\\\n\[]|\\.|\[(?:[^\]\\]|\\.)*\])+/[a-z]*",
    re.DOTALL,
)


@dataclass(frozen=True)
class ViewerNeeds:
    """What a behavior needs at the viewer. Behaviors with equal needs share a function."""

    regions: str = ""
    """JSON: region to the countries it serves, two letters each; empty where no key has the region."""
    session: str = ""
    """JSON: cookie, key_prefix, ttl_s and dated of the session store; empty where nothing asks for a session."""
    experiments: str = ""
    """JSON: a list of cookie, variants with weights, max_age."""
    redirects: str = ""
    """JSON: a list of path, to, status."""
    query: str = ""
    """JSON: keep and names, which parameters go on; empty where nothing is stored, so that their order says nothing."""
    guard: str = ""
    """JSON: realm and cookie of the session without which nothing stored is given out; empty where none is needed."""

    browser: str = ""
    """How long (s) a browser is to keep what it gets; empty where that is no less than what CloudFront keeps it."""

    @property
    def answers(self) -> bool:
        """Whether the answer passes a function too."""
        return bool(self.experiments or self.browser)


def check_code(path: str, code: str, faults: Faults) -> None:
    """Note what CloudFront would refuse of a function's code: its size, and syntax that its engine does not have."""
    most = limit("cloudfront.functions.code_bytes")
    size = len(code.encode())
    if size > most.value:
        faults.add(
            path,
            f"the function at the viewer would have {size} bytes ({most.source})",
            code=Code.LIMIT,
            allowed=f"at most {most.text}",
            fix="Have fewer redirects and experiments, or answer them with a LambdaEdgeFunction on viewer-request.",
        )
    bare = _BLANK.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), code)
    for pattern, what in _REFUSED:
        for found in re.finditer(pattern, bare):
            line = bare.count("\n", 0, found.start()) + 1
            faults.add(path, f"line {line}: {what} by {RUNTIME} ({FEATURES_SOURCE})", code=Code.RUNTIME_FLAG)


def viewer_request(needs: ViewerNeeds) -> str:
    """Return the code for viewer-request events."""
    parts = [
        "import cf from 'cloudfront';" if needs.session else "",
        f"var reserved = {json.dumps(list(RESERVED))};",
        *(
            f"var {name} = {value};"
            for name, value in (
                ("redirects", needs.redirects),
                ("regions", needs.regions),
                ("experiments", needs.experiments),
                ("session", needs.session),
                ("query", needs.query),
                ("guard", needs.guard),
            )
            if value
        ),
        _QUERY if needs.redirects else "",
        _ORDER if needs.query else "",
        _REFUSE if needs.guard else "",
        _BUCKET if needs.experiments else "",
        _SESSION if needs.session else "",
        "async function handler(event) {" if needs.session else "function handler(event) {",
        "  var request = event.request;",
        "  var headers = request.headers;",
        "  Object.keys(headers).forEach(function (name) {",
        "    if (reserved.some(function (prefix) { return name.indexOf(prefix) === 0; })) delete headers[name];",
        "  });",
        _REDIRECT if needs.redirects else "",
        _REGION if needs.regions else "",
        _ASSIGN if needs.experiments else "",
        "  var found = await lookUp(request);" if needs.session else "",
        _GUARD if needs.guard else "",
        "  request.querystring = ordered(request.querystring);" if needs.query else "",
        "  return request;",
        "}",
    ]
    return "\n".join(filter(None, parts)) + "\n"


def viewer_response(needs: ViewerNeeds) -> str:
    """Return the code for viewer-response events: a viewer keeps the variant it was given, and a browser what it gets for as
    long as it is meant to."""
    parts = [
        f"var experiments = {needs.experiments};" if needs.experiments else "",
        f"var browser = {needs.browser};" if needs.browser else "",
        _BUCKET if needs.experiments else "",
        "function handler(event) {",
        "  var response = event.response;",
        _AGED if needs.browser else "",
        _KEEP if needs.experiments else "",
        "  return response;",
        "}",
    ]
    return "\n".join(filter(None, parts)) + "\n"


def regions_of(router: RouterSpec) -> str:
    """Return which countries a router's regions serve, but those of its fallback, as compact JSON."""
    served = {origin.region: "".join(origin.countries) for origin in router.origins if origin.region != router.fallback}
    return compact({"fallback": router.fallback, "served": served})


def compact(value: Any) -> str:
    """Return JSON without blanks, sorted."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


_QUERY = """\
function locationOf(to, rest, query) {
  // What the path says cannot end a header, nor be read as nothing: some clients drop control characters from a URL.
  var target = to.charAt(to.length - 1) === '*' ? to.slice(0, -1) + rest : to;
  target = target.replace(/[\\x00-\\x20\\x7f\\\\]/g, encodeURIComponent);
  // One slash more would name another host.
  if (target.charAt(0) === '/') target = target.replace(/^(?:[/]|%5C)+/, '/');
  var hash = target.indexOf('#');
  var fragment = hash === -1 ? '' : target.slice(hash);
  if (hash !== -1) target = target.slice(0, hash);
  if (query !== '') target += (target.indexOf('?') === -1 ? '?' : '&') + query;
  return target + fragment;
}
function queryOf(values) {
  var pairs = [];
  Object.keys(values).forEach(function (name) {
    (values[name].multiValue || [values[name]]).forEach(function (item) {
      pairs.push(item.value === '' ? name : name + '=' + item.value);
    });
  });
  return pairs.join('&');
}"""

_REDIRECT = """\
  for (var i = 0; i < redirects.length; i++) {
    var rule = redirects[i];
    var open = rule.path.charAt(rule.path.length - 1) === '*';
    var stem = open ? rule.path.slice(0, -1) : rule.path;
    if (open ? request.uri.indexOf(stem) !== 0 : request.uri !== stem) continue;
    var rest = request.uri.slice(stem.length);
    // A path with dots is another path, which every browser asks for instead: it is no reason to leave what `to` names.
    if (/(?:^|[/\\\\])(?:[.]|%2e){1,2}(?:$|[/\\\\])/i.test(rest)) continue;
    return {
      statusCode: rule.status, statusDescription: rule.text,
      headers: { location: { value: locationOf(rule.to, rest, queryOf(request.querystring)) } }
    };
  }"""

_REGION = """\
  var country = headers['cloudfront-viewer-country'];
  var region = regions.fallback;
  Object.keys(regions.served).forEach(function (name) {
    var codes = regions.served[name];
    for (var at = 0; country && at < codes.length; at += 2) {
      if (codes.substr(at, 2) === country.value) region = name;
    }
  });
  headers['x-edgewright-region'] = { value: region };"""

_BUCKET = """\
function variantOf(event, experiment) {
  var names = Object.keys(experiment.variants);
  var cookie = event.request.cookies[experiment.cookie];
  if (cookie && names.indexOf(cookie.value) !== -1) return cookie.value;
  // The same for the request and its answer, and for a viewer without cookies.
  var agent = event.request.headers['user-agent'];
  var text = experiment.cookie + event.viewer.ip + (agent ? agent.value : '');
  var hash = 2166136261;
  for (var i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 16777619) >>> 0;
  var total = names.reduce(function (sum, name) { return sum + experiment.variants[name]; }, 0);
  var drawn = (hash ^ (hash >>> 15)) >>> 0;
  drawn = drawn % total;
  for (var n = 0; n < names.length; n++) {
    drawn -= experiment.variants[names[n]];
    if (drawn < 0) return names[n];
  }
  return names[0];
}"""

_ASSIGN = """\
  experiments.forEach(function (experiment) {
    request.cookies[experiment.cookie] = { value: variantOf(event, experiment) };
  });"""

_KEEP = """\
  experiments.forEach(function (experiment) {
    var variant = variantOf(event, experiment);
    response.cookies[experiment.cookie] = {
      value: variant, attributes: 'Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=' + experiment.max_age
    };
  });"""

_AGED = """\
  // A browser counts from Age (RFC 9111, section 4.2.3), which is the time in CloudFront too.
  var age = response.headers.age;
  var control = response.headers['cache-control'];
  if (age && control) {
    control.value = control.value.replace(/(^|[\\s,])max-age=(\\d+)/i, function (whole, before, time) {
      return Number(time) === browser ? before + 'max-age=' + (browser + (parseInt(age.value, 10) || 0)) : whole;
    });
  }"""

_SESSION = """\
function lasts(made) {
  if (made === undefined) return !session.dated;
  var age = Date.now() / 1000 - made;
  // A little ahead: clocks differ.
  return typeof made === 'number' && made >= 0 && age >= -300 && age < session.ttl_s;
}
async function lookUp(request) {
  var authorization = request.headers.authorization;
  var cookie = request.cookies[session.cookie];
  var id = '';
  if (authorization) {
    var found = /^bearer +(\\S+) *$/i.exec(authorization.value);
    id = found ? found[1] : '';
  } else if (cookie) {
    id = (cookie.multiValue ? cookie.multiValue[0].value : cookie.value).replace(/^"(.*)"$/, '$1');
  } else {
    return 'none';
  }
  if (!/^[A-Za-z0-9_-]{8,128}$/.test(id)) return 'unknown';
  try {
    var key = session.key_prefix + id;
    var value = await cf.kvs().get(key);
    request.headers['x-edgewright-kv'] = { value: encodeURIComponent(key) + '=' + encodeURIComponent(value) };
    var read = JSON.parse(value);
    return typeof read === 'object' && read !== null && !Array.isArray(read) && lasts(read.iat) ? 'known' : 'unknown';
  } catch (error) {
    // No such key: the edge answers as for any unknown session.
    return 'unknown';
  }
}"""

_ORDER = """\
function ordered(values) {
  var found = [];
  Object.keys(values).forEach(function (sent) {
    var known = sent;
    var name = sent.replace(/;/g, '%3B');
    try {
      known = decodeURIComponent(sent.replace(/[+]/g, ' '));
      name = encodeURIComponent(known);
    } catch (error) {
      // Malformed: it stays as it is.
    }
    var listed = query.names.indexOf(known) !== -1;
    if (query.keep === 'none' || (query.keep === 'include' && !listed) || (query.keep === 'exclude' && listed)) return;
    (values[sent].multiValue || [values[sent]]).forEach(function (item) {
      found.push({ name: name, at: found.length, value: item.value.replace(/;/g, '%3B') });
    });
  });
  found.sort(function (a, b) { return a.name < b.name ? -1 : a.name > b.name ? 1 : a.at - b.at; });
  var result = {};
  found.forEach(function (item, index) {
    // Assigned, this one would be no parameter but the object's prototype.
    if (item.name === '__proto__') return;
    if (index === 0 || found[index - 1].name !== item.name) {
      result[item.name] = { value: item.value };
      return;
    }
    var first = result[item.name];
    if (!first.multiValue) first.multiValue = [{ value: first.value }];
    first.multiValue.push({ value: item.value });
  });
  return result;
}"""

_REFUSE = """\
function refuse(request, code, detail, challenge) {
  var problem = {
    type: 'about:blank', title: 'Unauthorized', status: 401, detail: detail, instance: request.uri, code: code
  };
  return {
    statusCode: 401, statusDescription: 'Unauthorized',
    headers: {
      'content-type': { value: 'application/problem+json' },
      'cache-control': { value: 'no-store' },
      'x-content-type-options': { value: 'nosniff' },
      'www-authenticate': { value: 'Bearer realm="' + guard.realm + '"' + challenge }
    },
    body: { encoding: 'text', data: request.method === 'HEAD' ? '' : JSON.stringify(problem) }
  };
}"""

_GUARD = """\
  // What is stored is given out by GET and HEAD alone; everything else is asked behind the cache.
  if (request.method === 'GET' || request.method === 'HEAD') {
    if (found === 'none') {
      return refuse(request, 'no-session',
        'No session: send the cookie ' + guard.cookie + ', or its value as a Bearer token.', '');
    }
    if (found !== 'known') {
      return refuse(request, 'unknown-session', 'The session is unknown or has expired.', ', error="invalid_token"');
    }
  }"""
