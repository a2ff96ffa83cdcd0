"""Prints a token that holds for an hour, signed with a shared secret (RFC 7519, HS256). Run: make_token.py KEY TENANT."""

import base64
import hashlib
import hmac
import json
import sys
import time


def part(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


key, tenant = sys.argv[1:]
claims = {"iss": "https://id.example.com", "aud": "orders", "tenant": tenant, "exp": int(time.time()) + 3600}
header = {"alg": "HS256", "typ": "JWT"}
text = f"{part(json.dumps(header).encode())}.{part(json.dumps(claims).encode())}"
sys.stdout.write(f"{text}.{part(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest())}\n")
