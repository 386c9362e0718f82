"""How much each base of a sequence moved a model's output.

A method is a module with `attribute(question, references, spec, seed)`, which gives (n, places, 4) float: what each base would add
at each place. It may have `COMPLETE = True`: its contributions add up to the explained number less its mean over the references.
`attributing.attribute` calls it for both strands where the model averages these. Which methods are defined on which models
stands in `readsight.interpreting`.
"""
