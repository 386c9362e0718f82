"""Exams of attributions of sequences: whether what a method says can be believed, on the very model that it explains.

`criteria` names the exams, and what must be reached in each; `suite` runs them. `case` and `inputs` hold what is examined: the
explained examples, with the questions that they answered. `control_models` makes models that learned something else, or nothing;
`deletion_curves` deletes and inserts places, `planted_sites` knows sites that were planted, `similarity` compares contributions.
"""
