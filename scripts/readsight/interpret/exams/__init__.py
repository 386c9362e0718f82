"""Exams (sanity checks) of attribution methods, run on the explained model.

`criteria` defines the exams and their limits; `suite` runs them. `case` and `inputs` hold the explained examples and their queries.
`control_models` trains control models; `deletion_curves` deletes and inserts positions, `planted_sites` compares with planted sites,
`similarity` compares contributions. `tabular` has the exams of feature attributions.
"""
