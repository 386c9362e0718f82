"""What can be asked of a project before its first job, with the standard library alone; jobs ask the same again."""
