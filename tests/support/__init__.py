"""What tests share: surveys made to measure, browsers, a database, places on the ground."""
