"""What the agent says: the talk script, as data."""
