"""What everything else rests on: errors, faults of arguments, documents, projects, private files."""
