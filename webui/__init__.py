"""The pages and their HTTP interface: a process of its own, which asks the engine and reads PostgreSQL."""
