"""The key that the loopback Coinbase knows, and what is wrong with a token: its form, its key, its use, its time."""

import base64
import hashlib
import json

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

KEY_NAME = "organizations/00000000-0000-4000-8000-00000000c0de/apiKeys/00000000-0000-4000-8000-000loopback"
PRIVATE_KEY = ec.derive_private_key(int.from_bytes(hashlib.sha256(b"loopback-secret").digest()), ec.SECP256R1())
PEM = PRIVATE_KEY.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
LIFE_S, EARLY_S = 120, 10
"""A token lives so long, and may be so much ahead of the venue's clock."""


def wrong_with(token: str, now_s: float, uri: str | None = None) -> str:
    """What is wrong with a token, of a call where `uri` says which; "" for nothing."""
    try:
        head, claims, signature = token.split(".")
        header, claimed = (json.loads(_unpadded(part)) for part in (head, claims))
        raw = _unpadded(signature)
        r, s = (int.from_bytes(part) for part in (raw[:32], raw[32:]))
        PRIVATE_KEY.public_key().verify(encode_dss_signature(r, s), f"{head}.{claims}".encode(), ec.ECDSA(SHA256()))
    except (ValueError, InvalidSignature) as error:
        return type(error).__name__
    if header["alg"] != "ES256" or header["kid"] != KEY_NAME or claimed["sub"] != KEY_NAME:
        return "another key"
    if claimed["iss"] != "coinbase-cloud" or "retail_rest_api_proxy" not in claimed["aud"] or not header["nonce"]:
        return "another use"
    if not claimed["nbf"] - EARLY_S <= now_s <= claimed["exp"] or claimed["exp"] - claimed["nbf"] > LIFE_S:
        return "another time"
    fault_answer = claimed.get("uri", "").replace("http://", "")
    return "" if uri in (None, fault_answer) else "another call"


def _unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
