"""Which modules are yours: the working tree, its settings, and the policy over both."""
