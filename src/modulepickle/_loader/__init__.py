"""All that travels in a pickle and runs on the receiver, and all that knows its insides."""
