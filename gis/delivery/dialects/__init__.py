"""What known programs write: a file a program, and what is made of a delivery that speaks as one of them does."""
