"""The cost critic: what a policy costs beyond its error target, learned apart from what it earns.

The SLA bounds a rate, E[sum errors] / E[sum attempts] <= e*. That is a bound on a sum of signed costs,

    J_c = E[sum_t c_t] <= 0,    c_t = errors_t - e* attempts_t,

and its Lagrangian is J_r - lambda J_c, with the entropy bonus in J_r. The policy is stationary where grad J_r = lambda
grad J_c; lambda, moved by the measured errors / attempts - e*, is at rest where lambda > 0 has J_c = 0, so err = e*, or
where lambda = 0 has err <= e*: the conditions of Karush, Kuhn and Tucker for the bound on the rate. A cost of errors
alone would come to rest at err = e* too, but at another policy: it would charge an attempt's errors without crediting
the attempt, and work would be left undone to avoid them.

Reference: A. Stooke, J. Achiam, P. Abbeel, "Responsive safety in reinforcement learning by PID Lagrangian methods",
https://arxiv.org/abs/2007.03964
"""

from collections.abc import Iterator

import torch
from torch import Tensor

from agents.optimizers import make_follower
from agents.sac.losses import weighted_mean
from agents.sac.networks import TwinCritic

CONSTRAINT_FORMS = ("penalty", "cost_critic")


def signed_cost(errors: Tensor, attempts: Tensor, e_target: float) -> Tensor:
    """Charge errors and credit attempts: c = errors - e* attempts.

    Args:
        errors: Errors, summed over the n steps with discounts (B,).
        attempts: Attempts, summed alike (B,).
        e_target: Target error rate e*.

    Returns:
        Cost in errors (B,): its expectation is 0 where the error rate is e*.
    """
    return errors - e_target * attempts


def cost_target(cost: Tensor, discount: Tensor, next_q: Tensor) -> Tensor:
    """Bootstrap the cost: y = c + discount max_j Q'_cj(s', a').

    The larger of two estimates is to a cost what the smaller is to a value: the policy cannot live on an
    underestimate. There is no entropy in it.

    Args:
        cost: Discounted n-step cost (B,).
        discount: gamma^n, 0 where the episode terminated (B,).
        next_q: Target cost critics' values of a' ~ pi(s') (2, B).

    Returns:
        Targets (B,).
    """
    return cost + discount * next_q.max(dim=0).values


def lagrangian_actor_loss(
    q: Tensor, cost_q: Tensor, log_pi: Tensor, alpha: Tensor, lam: float, weights: Tensor | None = None
) -> Tensor:
    """Maximise the soft value less what its cost is charged: L = mean_b (alpha log pi - Q + lambda Q_c) / (1 + lambda).

    Q is the smaller of its two estimates, Q_c the larger of its own. Dividing by 1 + lambda keeps the size of the step
    where lambda grows.

    Args:
        q: Critics' values of the reparametrised action (2, B).
        cost_q: Cost critics' values of it (2, B).
        log_pi: Log density of the action (B,).
        alpha: Temperature, no gradient flows into it.
        lam: Dual variable lambda.
        weights: Weights of the transitions (B,); None weighs all alike.

    Returns:
        A scalar.
    """
    lagrangian = alpha.detach() * log_pi - q.min(dim=0).values + lam * cost_q.max(dim=0).values
    return weighted_mean(lagrangian, weights) / (1.0 + lam)


class CostCritic:
    """Twin critics of the discounted signed cost, with target copies.

    Args:
        sizes: Width of the latent, of the action and of the hidden layers.
        device: Torch device.
    """

    def __init__(self, sizes: tuple[int, int, int], device: torch.device):
        self.online = TwinCritic(*sizes).to(device)
        self.target, self._following = make_follower(self.online)

    def __call__(self, latents: Tensor, actions: Tensor) -> Tensor:
        """Return both critics' values (2, B) of latents (B, L) and squashed actions (B, A)."""
        return self.online(latents, actions)

    def parameters(self) -> Iterator[torch.nn.Parameter]:
        """Return what is trained."""
        return self.online.parameters()

    def modules(self) -> dict[str, torch.nn.Module]:
        """Return both copies by the names under which they are saved."""
        return {"cost_critic": self.online, "target_cost_critic": self.target}

    def follow(self, tau: float) -> None:
        """Move the target copies by a share."""
        self._following.move(tau)
