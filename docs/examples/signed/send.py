"""A key that both sides share: what somebody else made, or changed, is not even unpickled."""

import pickle
import secrets

import tasks

import modulepickle

key = secrets.token_bytes(32)
data = modulepickle.dumps(tasks.greet, key=key)
print(modulepickle.loads(data, key=key)("world"))

changed = data[:-100] + bytes([data[-100] ^ 1]) + data[-99:]
try:
    modulepickle.loads(changed, key=key)
except pickle.UnpicklingError as error:
    print("refused:", error)
