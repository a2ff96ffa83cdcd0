// Generated from components/edgewright/contract/claims.py, which says what each list is. Run `make build`; do not edit.

export const PROXY: ReadonlySet<string> = new Set(
  `client-address client-ip clientaddress clientip forwarded front-end-https host-name hosti http-host http-url https
https-from-lb orig-path-info path-info path-translated pc-remote-addr proxy real-ip real-method request-method
request-uri rlnclientipaddr script-name server-name server-port server-port-secure sp-host ssl-https ssl-offloaded
unencoded-url user-agent-via useragent-via x-ajax-real-method x-azc-remote-addr x-backend-host x-backend-url
x-bluecoat-via x-cisco-bbsm-clientip x-client-host x-client-ip x-clientip x-cluster-client-ip x-coming-from
x-dagd-proxy x-environment-override x-fb-user-remote-addr x-flx-redirect-url x-front-end-https x-host
x-host-override x-http-destinationurl x-http-host-override x-http-method x-http-method-override x-http-path-override
x-https x-invoke-output x-invoke-path x-invoke-query x-invoke-status x-ip x-ip-trail x-kaltura-remote-addr
x-matched-path x-method-override x-nfsn-https x-ning-request-uri x-nokia-ipaddress x-nokia-msisdn
x-now-route-matches x-orchestra-scheme x-orig-client x-origin-uri x-originating-ip x-originating-url x-proto
x-protocol x-proxyuser-ip x-remote-addr x-remote-host x-remote-ip x-remote-protocol x-remote-user x-request-uri
x-request-url x-sakura-forwarded-for x-scheme x-server-name x-server-port x-sina-proxyuser x-ssl x-ssl-offload
x-subdomain x-teamsite-preremap x-tor x-true-client-ip x-url-scheme x-wap-client-sdu-size x-wap-gateway
x-wap-network-client-ip x-wap-network-client-msisdn xproxy xroxy-connection xxx-real-ip`.split(/\s/),
);
export const CLAIMS: ReadonlySet<string> = new Set(
  `ali-cdn-real-ip base base-url browser-user-agent cdn-src-ip command context-path destination device-stock-ua
e-method e-url edge-host host-override local-addr method msisdn path path-base port profile protocol query-string
querystring redirect referrer reffer refferer request scheme self ssl ua uri url useragent verb x-bolt-phone-ua
x-country x-country-code x-country-name x-dcmguid x-device x-device-user-agent x-domain x-geo x-geoip-country
x-http-version x-jphone-uid x-mobile-ua x-moz x-msisdn x-nextjs-data x-nextjs-redirect x-operamini-phone
x-operamini-phone-ua x-pjax-container x-prefix x-purpose x-region x-script-name x-skyfire-phone x-ua-device
x-ucbrowser-device-ua x-uidh x-up-calling-line-id x-up-subno x-user-agent x-verb x-vhost x-wap-profile
z-forwarded-for`.split(/\s/),
);
export const CREDENTIALS: ReadonlySet<string> = new Set(
  `access-token api-key apikey auth auth-key auth-password auth-token auth-type auth-user authentication id-token
iv-groups iv-user on-behalf-of password php-auth-pw php-auth-user rest-key session session-id session-token
shib-identity-provider token user user-email user-id user-mail user-name username x-access-token
x-amz-security-token x-api-key x-api-token x-apikey x-apitoken x-auth x-auth-email x-auth-key x-auth-password
x-auth-token x-auth-user x-auth-userid x-auth-username x-authentication x-authentication-key x-authorization
x-client-cert x-client-dn x-client-id x-client-key x-client-verify x-huawei-userid x-id-token x-password
x-rest-password x-rest-username x-service-token x-session x-session-id x-session-token x-ssl-client-cert
x-ssl-client-dn x-ssl-client-verify x-token x-user x-user-email x-user-id x-user-name x-username xauthorization`.split(/\s/),
);
export const HOP_BY_HOP: ReadonlySet<string> = new Set(
  `connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer transfer-encoding upgrade`.split(/\s/),
);
export const PROXY_PREFIXES: readonly string[] = "akamai- cf- cloudflare- fastly- forwarded- incap- mf- proxy- redirect- remote- true-client- x-accel- x-akamai- x-appengine- x-arr- x-azure- x-envoy- x-forward x-middleware- x-original x-proxy- x-real- x-rewrite- x-sucuri- x-varnish x-vercel-".split(" ");
export const CLAIMS_PREFIXES: readonly string[] = "cloudfront- x-amz- x-amzn- x-geo- x-geoip- x-goog- x-ms- x-nextjs- x-nokia- x-wap-".split(" ");
export const CLAIMS_ENDINGS: readonly string[] = "-addr -address -domain -for -host -hostname -ip -method -path -port -prefix -proto -protocol -scheme -uri -url".split(" ");
