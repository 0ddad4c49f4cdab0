"""The network that the routes make: its lines, its graph, ways through it."""
