"""Which CDP keys are taken, and in which words the others are refused. Nothing of a key is ever in a refusal."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import SecretStr

from cockpit.config.endpoints import VenueUrls
from cockpit.config.secrets import VenueKeys
from cockpit.exchanges.base.account import KeysLost
from cockpit.exchanges.coinbase.client import coinbase_client
from cockpit.exchanges.coinbase.keys import parts_of, signing_keys
from tests.loopback.coinbase_tokens import KEY_NAME, PEM, PRIVATE_KEY

PKCS8 = PRIVATE_KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
ED = ed25519.Ed25519PrivateKey.generate()
ED_PEM = ED.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
ED_SEED = ED.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
ED_BASE64 = base64.b64encode(ED_SEED + ED.public_key().public_bytes_raw()).decode()
OTHER_CURVE = ec.generate_private_key(ec.SECP384R1()).private_bytes(
    Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
)


def keys(secret: str, name: str = KEY_NAME) -> VenueKeys:
    return VenueKeys("coinbase", SecretStr(name), SecretStr(secret), None)


@pytest.mark.parametrize("pem", [PEM, PKCS8], ids=["SEC1", "PKCS8"])
@pytest.mark.parametrize("written", ["lines", "literal", "spaces"])
async def test_an_es256_key_signs_however_it_was_copied(pem: str, written: str) -> None:
    text = {"lines": pem, "literal": pem.strip().replace("\n", "\\n"), "spaces": f"\n  {pem}\n"}[written]
    client = coinbase_client(VenueUrls(None, None), keys(text))
    try:
        assert client.create_auth_token(1_796_000_000).count(".") == 2
        assert client.secret.startswith("-----BEGIN") and "\\n" not in client.secret
    finally:
        await client.close()


@pytest.mark.parametrize(
    ("secret", "words"),
    [
        (ED_BASE64, "was an Ed25519 key, whose private stream fails: make one at the CDP portal with ECDSA"),
        (ED_PEM, "was an Ed25519 key, whose private stream fails: make one at the CDP portal with ECDSA"),
        (OTHER_CURVE.decode(), "was a key of another kind"),
        ("d2hhdCBpcyB0aGlz", "was no PEM"),
        (PEM[:120], "was a PEM that cannot be read: copy it whole, every line"),
    ],
    ids=["Ed25519 in base64", "Ed25519 in PEM", "another curve", "no PEM", "cut off"],
)
def test_any_other_key_is_refused_in_words(secret: str, words: str) -> None:
    with pytest.raises(KeysLost) as lost:
        signing_keys(keys(secret))
    assert words in str(lost.value) and "expected the PEM of an ES256 key" in str(lost.value)
    assert lost.value.__cause__ is None and not any(part in str(lost.value) for part in parts_of(secret))


def test_a_name_and_a_secret_that_were_exchanged_are_told_apart() -> None:
    with pytest.raises(KeysLost, match="expected the key's name as its API key, was a PEM: exchange the two"):
        signing_keys(keys(KEY_NAME, PEM))


def test_every_line_of_a_key_is_a_secret() -> None:
    lines = parts_of(PEM.replace("\n", "\\n"))
    assert len(lines) == 3 and all(line in PEM for line in lines)
