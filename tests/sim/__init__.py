"""Seeded simulations: decisions tried on made-up people, with margins that luck cannot reach."""
