"""What travels of `_rebuild.py`. Made from it by `.ci/pack_loader.py`: do not edit."""

import base64
from typing import Final

__all__ = ["REBUILD", "REBUILD_NAME", "SOURCE_DIGEST"]

SOURCE_DIGEST: Final = "68980f647cd6cd19dd701557fdcbf64d5297cc740ace0365545d0776800dcafe"
"""SHA-256 of the text of `_rebuild.py` that this was made from."""

REBUILD_NAME: Final = "_modulepickle_8f14f5"
"""Of the module that it becomes on the receiver: by the hash of the stripped text."""

REBUILD: Final = base64.b64decode(
    """
eNplVdeSMycTvd+noP7f9oCWD+ckFc45xytZRSGmZxd/CKaA2WCV3t3dzGz0BonQdJ/ucxr8YUy5stG7lwHkweZyaYOcV4Pf
q6n6wGxhWe4nH6qPRdpSZfARnHWXIMttkfV2hHIGGsfKmN67aowqUHsY7BQq78wh9VOAOYopacoOSiePJ3F2AVVfhLS3oXCh
cHaGp5hLPfCvZJKTdLLqrpOrUazPmB8YBeNV+MLqNAZYR7kyum6cjhh78OjfbHqNINUvthROSGPS4/aNnXQpmDQMiAznb+4k
xN4s+4b2af7IxqCN2FTyRcAW3KbAxQEiZtWpv5OP/L4WZESTwp28srnwKISQvThjEAg4s7FnjsVUmY8MMB0GW7fTFZPDsde8
+yt2K05YX7wpzjvWrQjneRWqjMHXti82DwHps7kIELEm8qcUQW7LOdkNKbNCgTwmTu4HRlYgPnr3zbfWQUe4qdxXyLgkNj0E
BBN2z52rMY08yDdEq/1XWmf146dff/u5+enPHz/78re11YtmVEi2L3wSm6wM6kchFzdYzUZJtAfgVjrchDrlyOxM5XqZDlgx
qgJGydYXWPSo/oxt4OPFlzmnzIf/kTBYGtjRnZgvbH9b4W7pl9t6mSI7ppNk1x7HU2UzZRtWL31B+3sbUuoV5OJTXEorsOin
NUPx+QjMN4osI/CSpcwoO1olx48i/U80uQ6LVgdpJNxJtelmtLkA4uZoLP6HOSdVqs21kCPeBXvY97YTEAqwJDZ0xEeXgRS2
aJN7OaEcNkF7tU/9LQJFtXddK6EvPqLD6ABZotNf3oxZrLMO6sqGCZTNF4UEWJreaH1eYUH14FK2NWUMRD2tZjYKjqjJDGK3
h6K3u0VXu0VFiuh8kLHTw//mDmbHee/0vzNG8msGBOrahpccYVVlI56z1aeoySnyrZZbosisXl6bZdbCbslktyLZ0l6K4ZbA
Ny0eV3B6ceyMccGWYkx3ou4iUDbe8oJF0rrrH7oAORl1R2SZrvXb/U4GUgL0HE2iJqo6ubQ2iJm0e3dUx67blCfcHsvpGE/r
/53zuLR4yt0bnRD3dJU2UnYcIfY8EJfljsO2pan1rHbpMPoAyPhXsoMbcB0K6o88gZjxXjME9UYTmJ0buD4qtHLJuBRLLc+U
UecbWn2eevgDRwLd3Tdi0+8UHXHCqZeahmd6lis3rs0WK728AFTs3X+iLxferLrCxZObmp4EKg06mZ8WdIFnKuJ4+lA8CSKX
8cOjQoXbtnuWF0GR57QgBEqLi3tOKQ8qx5ABCNnuPuH5yFdLwu3YkjQlPH/wVZDkniZzgyNG81AkGVthJEhkYbt+G/sRIS6v
mDFqGntbgfuZNSy/EYjpHz9ysqNwxjxGJ9tySGXKuMPwiKAAVPqlx9AcQiB2K8RaNGzr7nGPrRGgrTW3e9Ti5gNsOjhDds+c
xHub4tIIZATQFzJsA90+/wV8nMJ4
"""
)
"""The stripped text, as zlib data."""
