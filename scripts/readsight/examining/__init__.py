"""Exams of attributions of sequences: whether what a method says can be believed, on the very model that it explains.

`limits` names the exams, and what must be reached in each; `examination` runs them. `case` and `reading` hold what is examined: the
explained examples, with the questions that they answered. `anew` makes models that learned something else, or nothing;
`curves` deletes and inserts places, `planted` knows sites that were planted, `likeness` compares contributions.
"""
