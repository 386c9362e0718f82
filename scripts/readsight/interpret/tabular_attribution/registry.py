"""How much each feature moved a model's output.

An attribution has `attribute(problem, seed)`, which returns (n, features) in
logits, and `gap(problem, values)`: how far each example's attributions fall
short of what they should add up to.
"""

from readsight.interpret.tabular_attribution import integrated_gradients, shapley
from readsight.registry import Registry

ATTRIBUTIONS = Registry("attribution method", {"integrated_gradients": integrated_gradients, "shap": shapley})
