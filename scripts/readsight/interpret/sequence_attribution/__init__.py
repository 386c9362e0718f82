"""How much each base of a sequence moved a model's output.

A method (`registry.EXPLANATIONS`) is a module with `attribute(question, references, spec, seed)`, which gives (n, places, 4) float:
what each base would add at each place, on the strand that the question gives; and with `ON`: the networks that it is defined on,
None for any model. It may say besides:

| name | what |
|---|---|
| `COMPARES`, `LETTERS` | it is given references (n, m, places, 4), or as codes (n, m, places); others are given None |
| `COMPLETE` | its contributions add up to the explained number less its mean over the references |
| `PLACES` | it says where the model looks, not which base does what: the same value for all four bases of a place |
| `NEAR` | what lies outside of the bases that the explained place sees gets 0, so that it need not be given |
| `TOKENS` | it explains networks of tokens, too, strand by strand, though they have no gradient by base |

`attribution.attribute` calls it for both strands where the model averages these. Nothing here draws anything that hangs on a
sequence's neighbours.
"""
