"""Library code that the steps of Readsight share."""
