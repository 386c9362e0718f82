"""Attribution of model outputs to the features of a table; `registry` lists the methods."""
