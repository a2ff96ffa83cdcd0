"""Request headers by which a client says who it is, where it is, or by which scheme, host, path or method it asks.

A server that believes one of them lets it shape the answer, and no cache key has it: an answer that was stored for one
client would be what the next one gets. The lists are those that testers of caches try (the word list of Param Miner,
https://github.com/PortSwigger/param-miner/blob/master/resources/headers, read November 2026), what proxies, frameworks and
platforms document of their own, and names of the same families. The code at the edge reads them as `claims.gen.ts`, on every
host.

Headers with anything but letters, digits and `-` in their name are not listed: none goes on. Servers that hand them to
programs as CGI does write `_` for `-`, and some write it for every other character too, so that `X_Forwarded_Host` and
`X.Forwarded.Host` would be `X-Forwarded-Host` again.
"""

import re
from collections.abc import Collection

_PROXY = """
client-address client-ip clientaddress clientip forwarded front-end-https host-name hosti http-host http-url https
https-from-lb orig-path-info path-info path-translated pc-remote-addr proxy real-ip real-method request-method
request-uri rlnclientipaddr script-name server-name server-port server-port-secure sp-host ssl-https ssl-offloaded
unencoded-url user-agent-via useragent-via x-ajax-real-method x-azc-remote-addr x-backend-host x-backend-url
x-bluecoat-via x-cisco-bbsm-clientip x-client-host x-client-ip x-clientip x-cluster-client-ip x-coming-from
x-dagd-proxy x-environment-override x-fb-user-remote-addr x-flx-redirect-url x-front-end-https x-host x-host-override
x-http-destinationurl x-http-host-override x-http-method x-http-method-override x-http-path-override x-https
x-invoke-output x-invoke-path x-invoke-query x-invoke-status x-ip x-ip-trail x-kaltura-remote-addr x-matched-path
x-method-override x-nfsn-https x-ning-request-uri x-nokia-ipaddress x-nokia-msisdn x-now-route-matches
x-orchestra-scheme x-orig-client x-origin-uri x-originating-ip x-originating-url x-proto x-protocol x-proxyuser-ip
x-remote-addr x-remote-host x-remote-ip x-remote-protocol x-remote-user x-request-uri x-request-url
x-sakura-forwarded-for x-scheme x-server-name x-server-port x-sina-proxyuser x-ssl x-ssl-offload x-subdomain
x-teamsite-preremap x-tor x-true-client-ip x-url-scheme x-wap-client-sdu-size x-wap-gateway x-wap-network-client-ip
x-wap-network-client-msisdn xproxy xroxy-connection xxx-real-ip
"""
PROXY = frozenset(_PROXY.split())
"""Only a proxy in front could say these, and here the edge is the one in front: they are taken from every request, and what an
origin needs of them is set afresh, from what the platform says."""

PROXY_PREFIXES = (
    "akamai-",
    "cf-",
    "cloudflare-",
    "fastly-",
    "forwarded-",
    "incap-",
    "mf-",
    "proxy-",
    "redirect-",
    "remote-",
    "true-client-",
    "x-accel-",
    "x-akamai-",
    "x-appengine-",
    "x-arr-",
    "x-azure-",
    "x-envoy-",
    "x-forward",
    "x-middleware-",
    "x-original",
    "x-proxy-",
    "x-real-",
    "x-rewrite-",
    "x-sucuri-",
    "x-varnish",
    "x-vercel-",
)
"""Beginnings of such names: whole families."""

_CLAIMS = """
ali-cdn-real-ip base base-url browser-user-agent cdn-src-ip command context-path destination device-stock-ua e-method
e-url edge-host host-override local-addr method msisdn path path-base port profile protocol query-string querystring
redirect referrer reffer refferer request scheme self ssl ua uri url useragent verb x-bolt-phone-ua x-country
x-country-code x-country-name x-dcmguid x-device x-device-user-agent x-domain x-geo x-geoip-country x-http-version x-jphone-uid x-mobile-ua x-moz x-msisdn x-nextjs-data
x-nextjs-redirect x-operamini-phone x-operamini-phone-ua x-pjax-container x-prefix x-purpose x-region x-script-name
x-skyfire-phone x-ua-device x-ucbrowser-device-ua x-uidh x-up-calling-line-id x-up-subno x-user-agent x-verb x-vhost
x-wap-profile z-forwarded-for
"""
CLAIMS = frozenset(_CLAIMS.split())
"""A client may have a good reason to say these (WebDAV has `Destination`), so that they pass where no answer is stored. Where one
may be, they pass if the strategy's key or `vary` names them."""

CLAIMS_PREFIXES = (
    "cloudfront-",
    "x-amz-",
    "x-amzn-",
    "x-geo-",
    "x-geoip-",
    "x-goog-",
    "x-ms-",
    "x-nextjs-",
    "x-nokia-",
    "x-wap-",
)
"""Beginnings of such names."""

CLAIMS_ENDINGS = (
    "-addr",
    "-address",
    "-domain",
    "-for",
    "-host",
    "-hostname",
    "-ip",
    "-method",
    "-path",
    "-port",
    "-prefix",
    "-proto",
    "-protocol",
    "-scheme",
    "-uri",
    "-url",
)
"""How the names end that begin with `X-` and say such a thing in the words of one more proxy or framework (`X-Ingress-Path`,
`X-Virtual-Host`, `X-Cdn-Src-Ip`): there is no whole list of them."""

_CREDENTIALS = """
access-token api-key apikey auth auth-key auth-password auth-token auth-type auth-user authentication id-token
iv-groups iv-user on-behalf-of password php-auth-pw php-auth-user rest-key session session-id session-token
shib-identity-provider token user user-email user-id user-mail user-name username x-access-token x-amz-security-token
x-api-key x-api-token x-apikey x-apitoken x-auth x-auth-email x-auth-key x-auth-password x-auth-token x-auth-user
x-auth-userid x-auth-username x-authentication x-authentication-key x-authorization x-client-cert x-client-dn
x-client-id x-client-key x-client-verify x-huawei-userid x-id-token x-password x-rest-password x-rest-username
x-service-token x-session x-session-id x-session-token x-ssl-client-cert x-ssl-client-dn x-ssl-client-verify x-token
x-user x-user-email x-user-id x-user-name x-username xauthorization
"""
CREDENTIALS = frozenset(_CREDENTIALS.split())
"""Beside `Authorization`, what a client says who it is with. An API needs them, so that they pass; an answer to a request with
one that no key names is stored by the rule for `Authorization` alone (RFC 9111, section 3.5): where the origin says that it is
for everybody."""

HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Headers of one connection only (RFC 9110, section 7.6.1): whoever passes a message on, or stores it, leaves them out."""


_PLAIN = re.compile(r"[a-z0-9-]+")


def never_passes(name: str, reserved: Collection[str] = ()) -> bool:
    """Say whether no request brings this header past the entrance, so that no key can have it. `name` is in lower case."""
    return (
        name in PROXY
        or name in HOP_BY_HOP
        # Answered before anything else.
        or name == "expect"
        or not _PLAIN.fullmatch(name)
        or name.startswith((*PROXY_PREFIXES, *reserved))
    )
