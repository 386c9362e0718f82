"""How much each feature of a table moved a model's output; `registry` lists the methods."""
