"""What travels of `_fetch.py`. Made from it by `.ci/pack_loader.py`: do not edit."""

import base64
from typing import Final

__all__ = ["FETCH", "FETCH_NAME", "SOURCE_DIGEST"]

SOURCE_DIGEST: Final = "0f05435a2c2de538e0c1a54f2281147f4ac7f9170a43e3bcfd2465d9d13cb013"
"""SHA-256 of the text of `_fetch.py` that this was made from."""

FETCH_NAME: Final = "_modulepickle_c35c6d"
"""Of the module that it becomes on the receiver: by the hash of the stripped text."""

FETCH: Final = base64.b64decode(
    """
eNqVU+eO2zgQ/u+nGKSRvDDb0mXwesr1Xg3D4EpDi1g1kON2gt/9hnRB/sZF7JyvybdDHwhqG+vG3+q4i7qPeoP2LqCbRHPs
XfzF7Z+2WeHXviTfdzbspJpU6ABlqb/R3vzYd6iKCaD5ZibuxHwCznjoA8SLJZJENQHvoOsJXBGQVqEDXNtG1hK1sNDazjuM
JDQfd2Ku9Dd8Is5wbtyUzGzOhz1gE3Hm0t19gAF8B1R0iFU0w0VuL9YJZJRqSo/NrMv7urQvr2YECUM+CbarEnNLFGSnxWAD
RaHm0+FisYhIkSzhYiGPVzOcI26XideZuE2cKez4yYQzI6tHFqAo9yphjr6LZLsSeT5SUIkCWBYPGM1J+ItY25vnL6RTF5Vf
YiSpZsX1i7kxZXEuCkBG+Jjxb2rLDxthWBFQjQEFS78tcSB4k5pkEqT1goy7l3Zm6fsVc5Yj7QaUg2KenW2Z476Acdire0zR
+ojwTY7FmxD6IN29sbyocSvVXsP4TXrQPgtYI0TsKgwiQqQ+YAGDL+8aBE9gl/awJ+C9Q1JsKGu/PuQl6mUWzvQ5Htitpfjh
p6//+P7Nz9989d33bxZfffHV+zdCsX0f7Pj9h5+//uZXocUltYNQKWy8lP3j1Arur3wltO9I5QQw88u2r1YNHnA9GXGfOPI8
c7g887r4zw/3Tjamgq29w8qHKEk/e/ZK/x5WqKa3CWyTUiEp22fYN1pwSWMwhSlLnOe4KD56dvX65atPJB+KOBgjLhNi2Hiq
oR+wkwHOmRbMKdwKlQ1zHOaAtvqIjHCNFfkWZVDTU17Oefjpt2xkcZVeyZRad49qPNkBvcuuJisZ/Q7GuL/H7pzlSCBTC/Yk
28GRwVdJupEbp5KsH3KzWmxPfIaLTfCE0iU+Sd2AQ2PzCxHUCaX80baYceojXpUAn8lwQbNs+lvbRKlS+Uk8Oh93bP2C8/D4
lObZkxfFXKP6H7fgk3c=
"""
)
"""The stripped text, as zlib data."""
