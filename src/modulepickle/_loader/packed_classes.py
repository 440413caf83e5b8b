"""What travels of `_rebuild_classes.py`. Made from it by `.ci/pack_loader.py`: do not edit."""

import base64
from typing import Final

__all__ = ["CLASSES", "CLASSES_NAME", "SOURCE_DIGEST"]

SOURCE_DIGEST: Final = "6819f3cdeb5b3ad8b3b54255936a235470d51596c5b3aa5d9bc7fe26e38136d6"
"""SHA-256 of the text of `_rebuild_classes.py` that this was made from."""

CLASSES_NAME: Final = "_modulepickle_4006f9"
"""Of the module that it becomes on the receiver: by the hash of the stripped text."""

CLASSES: Final = base64.b64decode(
    """
eNp9VndzrDgM/38/BVfBex6uN3a43ntvOzsew4qEC9icbVIn3/0ke3HM6+8lbpJ++qnRj5M2LrsCeWGg4/bGcnczgd0A72vc
lUIc+9YJUVpwR+jkPLgiF6M+zgNMfXsxgLhQ+krlvDgpKf/E33/IYYbPULLXSpqbgvFn3jK2OQNXnw26kYMtWIm7DZrL0CoC
sJN07Xlhec+qTdZpk4msV1lf2dLAWW8dmGIrmJfwaArBO75V9LrvlscG3GxwsReHTXbaAG6WF5DBYPFH4irpKVBPUD3KCxDt
IK0tHNdoIRioFVy7orAemCVNDmkbjRaCrBOHgS/aqyKXTZvzXLSe6JyhUG97ZZ1ULRSX0tjCEgHEs1BwJUTOfFCKARBJWDPv
mFQ3xdNle9U7YefGI/Za/GoEd66PTKrjCtpzdY6Ke3WWR367B4/E4hF5nH1X3z1BfzXIsTnK7U31g1Zwv8kIotIuQzzSOVN0
+9cOPA8ZpbuOYity/jqrvtvjqR20IzWHumAo68xNBXVfnjjwjBeehhxzjfHvGN92jN9tt+qe7egCn9pgCZ8DGWqkBUs2OrZb
Ao6q4bqFyWW/ocznxmhTvbbJElMxuMhxGdwkhfEwaoo5AWoeT1KWK94SSafKoqtNRi9lMSLoyvCpbvffHXZQz3iyndgOkV9S
RYjaJDD7mmTLz/HH9+DkrvEIJwOTNICA0Bp7KIa7mCyV5EtwHo0J324tJ8LK3sGIdVY1gTTaCuFrKJtDPguvuvd5kJRcmtkU
W0qMbpBnSPPLb7/+BltIfITRjHR5gpoYrCMMSbAWxIlPSwGMMDZgKI55us+J5ljfPvmBVU/IBMHnR8OG16dKhhAuyWeuMTDV
m4dQWmnP2CSlTRkIbKGBEHT1qvAS2zkLAKlSj+tSII9P7Y4cew1DYbAzJt1trrqAHVsUS851FdvkPic/8lfEgdKT3kXnAkf2
iT1TLLdCoMxDi5+no3RQ9CtFsrHOyNYtmlA8noVWgmrqzuhbUPgepV9fwe2x6NM+LR5UT0Y73eqB3ExKJrSh3cJ0UoFACSVH
EAKXsbz53X1oh6IKoqWZlevxWXsO7YVsBtITrZKCo5snOl2VKiIZwM8ku/OlXLc7WSenZSKaQOn4aVrY2q4D9Wh6yqek5+ly
xTuGQiYZmqCcbni8BLujvCWgd/e70JelwkyTHnFsB//NciC4dABlur/31J1LS3hCJU7auliOoTmnR4eaeol3lOYjQ+9IZcQk
uh4GyorYZaid110ZLoSngIwHehxOHvHF159/95n49LuPf/31j49/QdDIRZ14WX6Ntv+QxgvUUeDrH77+jd77wd2VpHn3HYkS
SyX9KKhJNvWdqKg+ltjst/qwr945EGWplQfSt9uG0bhJIx3GTtqgtjPxZWAaZAu+QaU8TNLI0U/epE18F9qEiK2htxnxmXmd
GDlf+9Qw1n2t1ZjTakbSYjMqOr7qJ1dGThMcw8Ajm2Qh/bg4fdyVX8zKZzRNwPBu9SlQQ7Lxt3EU0LN20HamEYSQQ3BPhsoW
hkEQUFDOkmPfVY8c1oT/iTXQPal0YlqWT+KVugYpedaLpC367CvW43lVSLVu/oXWxamVZsYXJJxCnMv4yRJBzGivPYWXJmma
8fUSqkRr+jkx/w9LBuL5
"""
)
"""The stripped text, as zlib data."""
