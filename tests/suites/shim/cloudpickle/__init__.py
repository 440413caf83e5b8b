"""What cloudpickle's own tests import as `cloudpickle`: modulepickle.

`MODULEPICKLE_SHIM` is the path that has it; the tests start processes with a path of their own.
cloudpickle knows no working tree: what can be imported goes by name. Its tests' own functions go by
value, with copies of the globals that they use, as its closures do.
"""

import os
import sys

sys.path += [p for p in os.environ["MODULEPICKLE_SHIM"].split(os.pathsep) if p not in sys.path]

from modulepickle import *  # noqa: F403
from modulepickle import Pickler as CloudPickler  # noqa: F401
from modulepickle import Policy, set_policy

from . import cloudpickle  # noqa: F401

set_policy(
    Policy(exclude=["*"], by_value=["tests.cloudpickle_test", "tests.cloudpickle_file_test"])
)
