"""What travels of `_rebuild.py`. Made from it by `.ci/pack_loader.py`: do not edit."""

import base64
from typing import Final

__all__ = ["REBUILD", "REBUILD_NAME", "SOURCE_DIGEST"]

SOURCE_DIGEST: Final = "68980f647cd6cd19dd701557fdcbf64d5297cc740ace0365545d0776800dcafe"
"""SHA-256 of the text of `_rebuild.py` that this was made from."""

REBUILD_NAME: Final = "_modulepickle_e2edd3"
"""Of the module that it becomes on the receiver: by the hash of the stripped text."""

REBUILD: Final = base64.b64decode(
    """
eNplVWeTKycQ/H6/gnICdDyck1Q45xw/ySoKsbN3+CHYAvbeySr9d8/sri/5InGmp7sHhcOQS2ND8M8jqHkWw16PLUTmKuuU
q0214wBVHVyp1y6q/RhiC6mqeqwqhgTe+Wu46A3OtbVd8M1aXaF10LsxNsHtIXdjhDmLrXksHipXp7O8uIJmrmLeu1iF1Di7
wFvM5w5EVUGBsqoZztXqN7m+YKFnhEU0GSpr4xBhndTqaNrGmoS5+4Dx7SYbRK1/cbUKwpey+W37xk75HG3ue0SG8zd3ClJn
l/0j7dP8wZkjnpGbRrEI2ILbVrg6QMKquP47hyTuGKBDNKnCqhvkSiQppcrygkEk4MyljlmWcmMhsR7LYf3W7kzD4nA8GMH/
SnwlCOuzN+UlZ3xFOC+b1HWIoU37cnOfcPpLISIk5ET9lBOorb+kc30uzFOiYacshkcEdKqXH7375ltrZxLcNhEaFFySmw4i
gnG7p8H1kAfh1Bty4r4a0+kfP/3628/tT3/++NmXv62jWVyhY3ZdFYChtEUfadTiFtmcJEnuACIqKzcF2lgSi7OU62VakDFi
AbMUFyosftR/pmkQ0tWXpWRE+hIZg+WeneyZoQX2xwb/Lf1ybNc5sVM4K/Yi4HhsbJZsw9p1qHj+7gw59QZKDTkt1Eok/bxm
aD4kgIVJIscIvGLIJFVHqxT4QaaX5GTXsnh1VIPqF6vOHhyQHUDcAg/Ll7DmoGtzpVUKJHh0h33nuIRYManc0JWQfAFy2OJN
kRWgHTbOZL3PHTkV3c75RGGoIWHA5AFVottf3g5Frotx+sbFEbQrV5UMWIH8Ruu0snG6Q+KKa7lgmtqU07MWlUZmu1u8tJud
4zRJeG9da/qX5q5lp3nv/NIFI8tNBwjICxefC4TStEt4zzXk2lBQ1Fg/V0V7yrKlld2KnImrL3KKR8I32e206s/PTtxaH12t
1vIzNRBhcOkoPPJgDO/ujY60/2Y46WH51FJ3OwVIbOgEHkmG1OBq6d5ezrrchSOqON/4R/Kd/PmUzuuXLkVaujgX/gaX8k4R
P420GwZInXAkl19kmmUzU3cZnw9DiICiVsXhFjxHz/xRRpAz3huGoN6YPBTnHm33vEbts/UZFa9PxF/eaP157uAPHEkMd9dr
REk/Jk8SCGqXyayzGsurmtZhi0wvTzuRvftf9uVNm41VhXz0GNOrT9RgkPlTBEPgnUZKPvwseJxELeP7zw0ibjs9pcJLyjyX
BTFSWULeaUp1EB19ASBku7uC5ytfLQVP15aiqeD5j1g5ReFpMvcwYrR3JFk1EUPd7Axs129jyyHE2fIIXI9D5xqIYVYN6Q8S
Mf0TBkHnKJ21D9GpaTnmOhaw5B4hKQFRv7RU0B6LJHUbpFZNv227hy21RoCutfmpdLh5D5suzpDtkyBwd6b6TFKpBNBV6spp
YKa//wLdL7VY
"""
)
"""The stripped text, as zlib data."""
