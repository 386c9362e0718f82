"""Registry of feature attribution methods by name.

A method is a module with `attribute(problem, seed)`, which returns (n, features) in logits, and `compute_gap(problem, values)`,
the difference between each example's attributions and the sum that they should reach.
"""

from readsight.interpret.tabular_attribution import integrated_gradients, shapley
from readsight.registry import Registry

ATTRIBUTIONS = Registry("attribution method", {"integrated_gradients": integrated_gradients, "shap": shapley})
