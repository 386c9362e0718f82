"""Registry of sequence attribution methods by name.

Separate from the package's `__init__`, which figures import without torch.
"""

from readsight.interpret.sequence_attribution import (
    attention_rollout,
    deep_shap,
    grad_cam,
    gradient_shap,
    input_x_gradient,
    integrated_gradients,
    mutagenesis,
    saliency,
    shapley_sampling,
    smoothgrad,
)
from readsight.registry import Registry

EXPLANATIONS = Registry(
    "attribution method of sequences",
    {
        "saliency": saliency,
        "input_x_gradient": input_x_gradient,
        "smoothgrad": smoothgrad,
        "integrated_gradients": integrated_gradients,
        "deep_shap": deep_shap,
        "gradient_shap": gradient_shap,
        "grad_cam": grad_cam,
        "attention_rollout": attention_rollout,
        "shap": shapley_sampling,
        "mutagenesis": mutagenesis,
    },
)
