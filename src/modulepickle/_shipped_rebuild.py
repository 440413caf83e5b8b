"""What travels of `_rebuild.py`. Made from it by `.ci/pack_loader.py`: do not edit."""

import base64
from typing import Final

__all__ = ["REBUILD", "REBUILD_NAME", "SOURCE_DIGEST"]

SOURCE_DIGEST: Final = "d6d4a6fb9f359a61518d982c3d9ee855931dd1e6658ca4ba97ed4712425439f0"
"""SHA-256 of the text of `_rebuild.py` that this was made from."""

REBUILD_NAME: Final = "_modulepickle_3ae662"
"""Of the module that it becomes on the receiver: by the hash of the stripped text."""

REBUILD: Final = base64.b64decode(
    """
eNplVeeS8ygQ/O+noC4JvHxcTnZxOef4y+eisBjtch8CFaBNLr/7zUjaeBuJMz3dPdj3Q8qVDb59GUDOs+APaqw+MFtYlrZU
GXyE1rYXIA+jD9XHInuby4UNstwUWW8GKCuncayMcb6txqgC1UFnx1B5Y/rkxgBzFlPSmFsojTyexOocqj4P6WBD4ULhbIW3
WJsc8F52Msoki24auR7FZsV8xygZL8IXVschwKbKdavLNumKuTuP8c120Iha/WZL4QQ9Jj3u3trLNgWTug6R4fztvYTozLLf
0j7NH51p8YzYFopFwBbcpsB5DxGratS/yUd+Tw4doknhSV4iPbwKIeQgVgwCAi/MRscSi6kyH5nDcpjbpb0uWByOvebNP7FZ
c8L64m1x1rBmTTjPilBlCL5O+2L7kHD6SyECRORE/pIiyB2c0bkuZQaUyO9lovAdo1NOfPL+2+9sgo5wXbmvkHFJbB0EBBP2
z4OrIQ08yLfExH2vdVY/f/7t91+aX/7++Yuv/9hYvRhBhWRd4VFsszLoI4VaXCObkyTR9sCtTLgJdcyR2Slc2SxTg4wRC5gl
W19g8aP6O04DH8+/zjll3r1CxmCpY8d0YmiBw02Fu6XfbupFiuzYnSS78jgeK5sl27J64QudX868ckZWvYRcfIoLtwJZF5P5
zL3zWunujDe5YMBaAVFwTCJewQo6VarNtVA+3gTbH5xtBAQsoRNbuuJjm4H8sjiNexlR3G3QXh2Su8Gs24oGnwjxxUcMGFtA
zun219dDFpusg7q0YQRl83khOxUg9+D6ssKCckhEtjVlTEQtq2ZuC430br94Y784QZEkD1asuntl7kJ2nPdOr6wYWajQAYJy
ZcNLjmCKshHv2YrUaQqKmqmXElWnLDta2a/Jabh6lWK4IYSTfY5rd3pxbIxpgy3FmOZEDUEYbLzhgExo3bgH4yLxIy6QIs3U
Ivc7GUg7cByPWE16NHLpRidmZe7DEVlNs4UnAh7hdLSnzStn3E5dWVnKzVuNEPeawDRSdhggOh5IMLgTatrS1C1Gt6kffACU
tZcNXEPboGv+yiOIGe+BIai3JheZuefKA69GYYO0CTUvz+RfHlX1ZXLwF44Ehrtrlsmk3RhbkoCT/SVlr5Mad6/kxu+Q6eW5
JrL3/8u+vFGztQoXTx5XesWJGgwyfypgCLwzKfn4bX+aRC7jh88Bwq13Pb2NHASmXuqCEKguLu5FpUKIjy4DELT9fcXzlW+W
iunaXdVU8fyHr7Ok8DSZ2xhBmnuWQEZihhoaZdht3iWFjZk9j8jVODhbMe4sG/EvENOtHzido3TGPEYnp+WQyphxh+EVQQmI
+7L0lGqxSJK3QqxFux2V9KD9BgHaWjNiK9Lg5gNsujhDhmdB4v2Z0qYB6BCAK3RwGujp73/nm6ZF
"""
)
"""The stripped text, as zlib data."""
