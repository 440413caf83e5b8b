"""How each kind of object is written: by reference, shipped, or by value."""
