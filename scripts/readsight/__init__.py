"""What two or more steps of Readsight share."""
