"""The ground floor: what every other folder needs, and what needs nothing of ours."""
