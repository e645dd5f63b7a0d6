"""Live updates: from Redis, once for the process, to every open page."""
