"""What travels of `_rebuild_classes.py`. Made from it by `.ci/pack_loader.py`: do not edit."""

import base64
from typing import Final

__all__ = ["CLASSES", "CLASSES_NAME", "SOURCE_DIGEST"]

SOURCE_DIGEST: Final = "7ebaa9c475d2e32bbadb8a13c949df9fb80e754a62fb40b20c9cee10225fc931"
"""SHA-256 of the text of `_rebuild_classes.py` that this was made from."""

CLASSES_NAME: Final = "_modulepickle_46eaea47"
"""Of the module that it becomes on the receiver: by the hash of the stripped text."""

CLASSES: Final = base64.b64decode(
    """
eNp9Vmez6ygM/Z5f4a0xWcbbmzO83ntvmQxDHCXXLxi8GN86+e8r4RJef7cB4ujoqJCyqq3zSXPWcH9WQ8NPQO0cbCYv+QOB
u5mU67LwUmYN+DVsVKt9OpWVXbca6rLYaZA7Y0/MlKf91ew1/n6ldAs38GZpjXJnKeNfPWVssgUvttqulG5SluFqgu4S9IoE
mlr54ijV/BbLJ8nGuqRMSpPcynXmYFs2Hlw6K1m4EdikO36Tz7ZkXeIWGT/IHfjW4R+L3XKS9IuXuBgsXiagG0heRqESToo4
HXSldiALrZomXXPglr8PdISBU5+qwEsR0BpVq5yVkpwrWgS5aG2malUksghiTymQpjSNV6aA9Fi5JlUUO0ksDZxIOWUhL6kG
QyIFQHOWfvlWaUovm3YVaIb74a8K/JFdM2XWHxD6RkwRvjTbKZFvibw9xNEOcVCYSSEuPoOfa1Wt1mr2PH9kDezRDika6xO7
+GXZV4/dbCiPMi8WiNBo6+nmUqQMzb07y7XYZH3AQdk0xDzFmkL6jM8s4xez2fs9m9MBmiKc8t6hueYIuVINECS3bN4nViM0
nBZQ++QF3rnpnHX5L5MkcjUmcU5bFBjhdXsRzph5MG013OGGr0iVvn/oaJKQ5aP0hJ+y/DrfitXidDlHf7iDJTTXmTymupfi
ekSyFXQ3u4k/HoJX81qQ6rWDWjlAPuiNTcaUXIx1kT/iQzY+TgJHqfDb7LPSQ4XdlNedZLREyJliUdV+NfFDMqlmNlptUeQf
//z1NzZIiOG1BzkTggr61GOm1qCHTEWEo5CGUq+gWoGjJE7j9ZRUJhqBWCh2zfLPlIHiG0T9IGt43Ler5p5wdlzyc+EX+e/L
TwfDgVLStRwbVCAGx+KjRht9UzAEFvdk17Qfs2QsXzlQu84TkCeZH4eSkwtYsmj/PB9n4WJKcUx/giVanpPdGFynEYVHLRqj
YrENp5KwD3O8rdfKQyo/AFKrxjtV+EEovD7udaMDYcTG2XMwaJ/6xa9LFguGzR4PY3WArp31trAaoY+ijunGznxQOuo/8m1U
BVLin2Nv84t9N/6O8u5q5lrjSzQrjqDYqZUmnNErAax9W9Mu95FfZKIhPDzN3PCr/Jnwcyei3Sy+OlJBy/5JaMSzOFGmL08Y
y9N9tjyB94cf6I6pUFGFRizrMz4eAlGtkOgLcbGfuzCHlTHWq8CYBsALaq7/WqWJLm3oLF7vO+lUQ3y6Tqxt48d2zN3io62l
oFESAk2BK4bREeTISW5K0FQV45AhHYTKugMZJCDnfXPgSyNv3b354Ia8/uDq8+evrj5D0qiFiKLM7qLvV8qFC2K8cPfR3Rdk
H15nlRHy3NFVUimjH1RvyWtxAXmF+0NuFrNqucj/WpJksZeD6LPZaxa6NM50yrhjUYrTmSG9HNRaFRAGVKxDrZyqKAdBASX6
NIcxAWycXU1CeiYBEzMXSieh5xjiuVZYrGnTkmjkviH3iiNUyJsizydO1TWsiYdi5PPj4dN/kstutSZUND1/nV3SRE+/0NGC
ToPHG8SGzAptm9bhEVLukts5upEVoLUkomB8Q4G5/KNNodH8sz2g4tapCDUuy+xzunIkTyBfs+DV2FWh+tKSv4q6KW4kLezq
PRR+fLXiyrhFl2OKOhs/r4wkKI5XfXrRVscVL4ZURai8PHyY+B9m192I
"""
)
"""The stripped text, as zlib data."""
