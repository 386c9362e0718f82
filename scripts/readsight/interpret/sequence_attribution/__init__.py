"""Attribution of model outputs to the bases of sequences.

A method (`registry.EXPLANATIONS`) is a module with `attribute(query, references, spec, seed)`, which returns (n, positions, 4) float:
the contribution of each possible base at each position, on the strand of the query; and with `SUPPORTED_NETWORKS`, None for any
model. Optional constants:

| name | meaning |
|---|---|
| `NEEDS_REFERENCES`, `NEEDS_REFERENCE_CODES` | references are passed as (n, m, positions, 4), or as codes (n, m, positions); None otherwise |
| `IS_COMPLETE` | contributions add up to the explained output minus its mean over the references |
| `IS_POSITION_LEVEL` | attributions tell where the model looks, not the effect of a base: all four bases of a position have the same value |
| `USES_RECEPTIVE_FIELD` | positions outside the receptive field of the explained position have 0 and can be cropped |
| `SUPPORTS_TOKENS` | also explains token networks, strand by strand, although they have no gradient per base |

`attribution.attribute` calls it for both strands if the model averages over them. Random draws depend on the seed and the sequence
only, never on the batch.
"""
