"""A CDP key as its owner copied it, made ready to sign: an EC key on P-256 in PEM. Any other kind is refused in words.

Files and environments carry the PEM with literal `\n` in place of line ends. An Ed25519 key signs REST calls and no
private stream; the keys of before (a name without an organization, signed with HMAC) sign neither.
"""

import base64
import binascii
from dataclasses import replace

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import SecretStr

from cockpit.config.secrets import VenueKeys
from cockpit.exchanges.base.account import KeysLost

BEGINS = "-----BEGIN"
ED25519_BYTES = 64
WANTED = "expected the PEM of an ES256 key (signature algorithm ECDSA)"
REMEDY = "make one at the CDP portal with ECDSA, to view and to trade and nothing else"


def signing_keys(keys: VenueKeys) -> VenueKeys:
    """The same keys with their PEM as it is signed with. Raises `KeysLost` for keys that cannot sign everything."""
    name, secret = keys.api_key.get_secret_value().strip(), keys.secret.get_secret_value()
    if name.startswith(BEGINS):
        raise KeysLost(f"{keys.venue}: expected the key's name as its API key, was a PEM: exchange the two")
    pem = secret.replace("\\n", "\n").strip() + "\n"
    if not pem.startswith(BEGINS):
        what = "an Ed25519 key, whose private stream fails" if _is_ed25519(pem) else "no PEM"
        raise KeysLost(f"{keys.venue}: {WANTED}, was {what}: {REMEDY}")
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # Not chained: the library's words may quote the PEM.
        raise KeysLost(f"{keys.venue}: {WANTED}, was a PEM that cannot be read: copy it whole, every line") from None
    if isinstance(key, Ed25519PrivateKey):
        raise KeysLost(f"{keys.venue}: {WANTED}, was an Ed25519 key, whose private stream fails: {REMEDY}")
    if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
        raise KeysLost(f"{keys.venue}: {WANTED}, was a key of another kind: {REMEDY}")
    return replace(keys, api_key=SecretStr(name), secret=SecretStr(pem))


def parts_of(secret: str) -> list[str]:
    """Every line of a PEM: whoever quotes one of them has quoted the key."""
    return [line for line in secret.replace("\\n", "\n").split("\n") if line and not line.startswith("-----")]


def _is_ed25519(text: str) -> bool:
    try:
        return len(base64.b64decode(text.strip(), validate=True)) == ED25519_BYTES
    except (binascii.Error, ValueError):
        return False
