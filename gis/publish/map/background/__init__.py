"""What lies under a map: tiles of a host, or of a file."""
