"""What travels of `_rebuild.py`. Made from it by `.ci/pack_loader.py`: do not edit."""

import base64
from typing import Final

__all__ = ["REBUILD", "REBUILD_NAME", "SOURCE_DIGEST"]

SOURCE_DIGEST: Final = "0d01315670b17abbe55cd1391157113c15f998125de13f176f244f734caef194"
"""SHA-256 of the text of `_rebuild.py` that this was made from."""

REBUILD_NAME: Final = "_modulepickle_6ae02143"
"""Of the module that it becomes on the receiver: by the hash of the stripped text."""

REBUILD: Final = base64.b64decode(
    """
eNplVWeT4ygQ/e5fQV0SeFguJ6m4NJtz/ORzqbCEbGYwqAA5rMv/fbsleXIkdr9+7zU269aHRFRMfNEZm4yLfFizZiG6ZCzs
kSW3xulKVSvN1yrElbK8NdWl1TzuI0/7VseJljAWZVmbKpWliDrVulGdTTQr177urB6ulNF3odIx44cjmyx1kkvrF8pGygTM
JnCLVL7W9JK/5xvueJJZxqd7lk+IaQgmo4mZSFLXWp0/5tNHMhVOPobcjYH4ZfFRQkHirYqRInDn5X72w5xX3pa+aQAZzH+c
c+3qctx/hPs4v3HmEZxhRcJYCGzEXUa9XGsHVWXiwhtHr6jBQziJ1PENsEQfM8b4RzYh2iJwolxNHHE+EeOIhnKInrm5TFBc
sZY0+99lU4pIH/zIzjKSTRHlWWIittakfp8V1+n6vxjAageM8NfeaT5rz/Bc4wNpMc16zt2EIHF4SrO/fv3xp3wrnd4lapIO
sMSKWluAsp3fDS5a39It/4H1zF9KuRSv/n3y7Lx8/enVf4/e50qObhDWqzrSDSuWogT/CFBiB1z2gji11lRxx4qgUxccUYOQ
+Th9DXwhB5AlKBM1GXwiPrl+YNzyUQg+0OYrtAXxDTm4IwEDLPZJn5be7tPKO3J4f+Rka2DcJTIIVpC0MhHPj2e+OkOjbnSI
xruRWwasM7TeiKblb/mOez79jLZb9R5ooVYNKOghHdlXWIGISYUUMR/NrFovapUxbaGExAq8YlwVNLpl9Bld8RbELaxciYWv
UeuiA3v3hJhoHAR0laaW4+1HuzawvJFWbJTttFBhGdFMsfcOruNKYUUNNASVfIA0MXErBmYjjLBdSkCu1lHO5qNH5qMjBEpz
MqTPO9l8NfQiOQx7x68mBK0U8QBC2ip7SRuWR6Ec3FMJKJQYFM6Jsd8jb8TltjzNMO0Mj8ynaEHc887uEXrvq8PUHx8csrKs
rIqxLLNj3yce+2VPA1AkZVb3jg4IAxT5LDOUqsxAnwm52gkaRdU1hSMLiUJlfGxSzwbJrsIhi1lWhFvKHsLxsDjmX53RRd+s
HfEh+yFj7Eqs0I+EalvtampRyTAqOCgqZ3ZeKFn5dQvWB70dz/ROVxnY6WPoNBvwvgK89IfeXmpoxniDaFF5aB4wQ7zji/Gt
Fefg+o8wYhDuqqmQkqZzFWpCsS+44f/xi16e8fG8yM0MmB6feiR7fi97/3RdsMFzkbLTmxvxzcXHHamBIMPHBISAO72St5/8
m0n4aXz18cAKL2f/4YtJawaZx7K0tVgWZYimRjRYB9LRBK0R2Xx8RMYbj8d68dapZqx3+EOnnrOhrQFbeUWO4k96QnjFz+WT
Wf4zSAbQBu8DYNG1tUqamkEtWvOSofNMS/Ec5inLm6h4v2x97ALsELjCMAFQPlaRw3EoDlVN2qUoq1kNXXhV5nkOAFVKAbDV
/Bw2r2HjRVj+BFa5E+TT1ZlY+bZ/ZLWuIx7sB7L/+wX+Lqyx
"""
)
"""The stripped text, as zlib data."""
