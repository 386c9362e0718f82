"""Where pywfa stands, which would have to be compiled: Truvari imports it, but only its `phab` and `refine` use it."""
