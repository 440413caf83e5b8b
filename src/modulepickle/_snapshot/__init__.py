"""One local package, frozen at one content: listing, reading, scanning, packing."""
