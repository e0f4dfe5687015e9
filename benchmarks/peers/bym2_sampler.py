"""The BYM2 posterior of the Scottish lip cancers by NumPyro's sampler, against which ours is tested.

``pip install numpyro`` in an environment of its own, then ``python benchmarks/peers/bym2_sampler.py``: prints what
``tests/reference_data/areas/lip_cancer_bym2.json`` holds under "sampler". Nothing of riskstrat is used.
"""

import csv
import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from numpyro.diagnostics import effective_sample_size
from numpyro.infer import MCMC, NUTS

DATA = Path(__file__).parents[2] / "tests" / "reference_data" / "areas"
numpyro.enable_x64()


def autoregression(pairs: list[list[int]], n: int) -> tuple[np.ndarray, np.ndarray]:
    """Square root of the scaled covariance, (n, n - 1), and its eigenvalues."""
    precision = np.zeros((n, n))
    for one, other in pairs:
        precision[[one, other], [other, one]] = -1
    precision -= np.diag(precision.sum(axis=1))
    values, vectors = np.linalg.eigh(precision)
    values, vectors = values[1:], vectors[:, 1:]
    scale = np.exp(np.log(((vectors / values) * vectors).sum(axis=1)).mean())
    return vectors / np.sqrt(values * scale), 1 / (values * scale)


def posterior(observed: np.ndarray, expected: np.ndarray, covariate: np.ndarray | None, pairs: list[list[int]]) -> dict:
    """Means, standard deviations and effective sizes of 20,000 draws."""
    n = len(observed)
    root, variance = autoregression(pairs, n)

    def distance(share: jax.Array) -> jax.Array:
        log_variance = jnp.log(1 - share + share * variance).sum() + jnp.log(1 - share)
        return jnp.sqrt(share * (variance.sum() - n) - log_variance)

    rate = np.log(3) / float(distance(0.5))

    def model() -> None:
        sd = numpyro.sample("sd", dist.Exponential(-np.log(0.05)))
        share = jax.nn.sigmoid(numpyro.sample("logit_share", dist.Logistic(0.0, 1.0)))
        numpyro.factor("prior", -rate * distance(share) + jnp.log(jnp.abs(jax.grad(distance)(share))))
        intercept = numpyro.sample("intercept", dist.Normal(0, 0.001**-0.5))
        effect = 0.0 if covariate is None else numpyro.sample("effect", dist.Normal(0, 10 * 0.001**-0.5)) * covariate
        z = numpyro.sample("z", dist.Normal(0, 1).expand([n - 1]))
        v = numpyro.sample("v", dist.Normal(0, 1).expand([n]))
        linear = intercept + effect + sd * (jnp.sqrt(1 - share) * v + jnp.sqrt(share) * (root @ z))
        numpyro.deterministic("log_theta", linear)
        numpyro.sample("observed", dist.Poisson(expected * jnp.exp(linear)), obs=observed)

    sampler = MCMC(NUTS(model, target_accept_prob=0.95), num_warmup=2000, num_samples=10_000, num_chains=2)
    sampler.run(jax.random.PRNGKey(1))
    draws = sampler.get_samples(group_by_chain=True)
    found = {name: np.asarray(draws[name]) for name in ("log_theta", "sd")}
    summary = {
        name: {
            "mean": values.mean(axis=(0, 1)).tolist(),
            "sd": values.std(axis=(0, 1)).tolist(),
            "ess": np.asarray(effective_sample_size(values)).tolist(),
        }
        for name, values in found.items()
    }
    theta = np.exp(found["log_theta"])
    return summary | {"theta": theta.mean(axis=(0, 1)).tolist(), "above_1_2": (theta > 1.2).mean(axis=(0, 1)).tolist()}


def main() -> None:
    """Print both posteriors, with the covariate and without."""
    with (DATA / "lip_cancer_scotland.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    observed, expected = (np.array([float(row[name]) for row in rows]) for name in ("observed", "expected"))
    known = json.loads((DATA / "lip_cancer_bym2.json").read_text())
    covariate = np.array(known["agriculture_fishing_forestry_percent"]) / 10
    found = {
        "with_covariate": posterior(observed, expected, covariate, known["pairs"]),
        "without": posterior(observed, expected, None, known["pairs"]),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
