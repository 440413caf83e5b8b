"""What travels of `_fetch.py`. Made from it by `.ci/pack_loader.py`: do not edit."""

import base64
from typing import Final

__all__ = ["FETCH", "FETCH_NAME", "SOURCE_DIGEST"]

SOURCE_DIGEST: Final = "5828b18bb7f610e5beee99f136560d9ab4f995fa15bbf9b5345210c7d3a46808"
"""SHA-256 of the text of `_fetch.py` that this was made from."""

FETCH_NAME: Final = "_modulepickle_88a12d"
"""Of the module that it becomes on the receiver: by the hash of the stripped text."""

FETCH: Final = base64.b64decode(
    """
eNqNVOeS+yYQ/+6n2Pk3IKfIl57IQ7rSe+8ebC0WczLoALmO3z0LcsnHXDGdX1ts1r3zEXqzfOiwCPtQuFC0KrSdWRRbVA8e
9STIc6/8ldpfVDfgx2YZjbPK77mYNKhBcVMoUU1Ay1CuMHIjJmA0aDABvnEWK1r40/wtR6iyc6oJvKdTTMFaWaMxREZX0DHs
AtJNUMs/9d/UaufBg7FQVxaxCdKXuS03iUrgYlbfyT9d3ufSvrya0B1YF/NJULYBEqZi9NwVrFc+Bib+nvlyPg8YQ1QR53N+
vppYeIyDt6CzvET0sXBJYPR70oKEzZ0wSZ+xdNouke4N0YtEHxxPQnZL7CPUuSG7QAUIVS31k60KmZp2A/Hix7jvkQdBXKxa
E49TBcdwEk9uZhDSOZcytOrVN97kWpSNWZFtXPxZvfLm31Ka6kI6u8fMCLJtVYSE2A8RYoseGclThmh+nvOvvXee6ydHU7a4
4+JUwPExfdQnMi8dgYC2Qc+If3Qeq3PFgImgVmrc4/HJuRb8sjUbzJbZsSpq6XJZoN1w9vW3H//8Vf3d5x99+VU9/+iDjz6r
mUjR3Xb89PV3H3/+AyvYNK57lsKQtDRmFwpG/cE0rDA2ijF9/WS6ds3Q4cjr5aM/Je9onjRMr7rKg+mfjBFOIAGu1QM2xgde
F6+//nbxkx9QzBaJbBcIj9di1kpyPM4JUEqfyyh5mucIEl+8fv/OW2+/xOlIwF5KNk18YWtiC65HyzFHl3NkpMgvmMhlkB6K
R9Vw8b/TJYwhmjVyInlL+lxl3/6YY6zu0xtM9aqfUCiXMMDpMVMKktjv4WhPTyibixmZQWrBXUwb8+hNk4w7UqNFMvW/2lzB
dhc9odx6E5F25VuSuL5T+VWguLDk31B5Z57Fma9IhK9iCFCuOrdQXeAiwU/COff03XR5HXdMM+L+L6RCie8=
"""
)
"""The stripped text, as zlib data."""
