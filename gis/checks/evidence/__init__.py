"""What rules look at: crossings, ends, duplicates, neighbours, references, shapes, texts."""
