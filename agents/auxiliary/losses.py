"""The auxiliary losses as pure functions."""

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize

SMALLEST_VARIANCE = 1e-5


def consistency_loss(predicted: Tensor, latents: Tensor, valid: Tensor) -> Tensor:
    """Measure the share of the next latents' variance that is not predicted: mean over valid b, l of (p - t)^2.

    t = (z - mean(z)) / std(z), over the valid pairs, feature by feature. To predict the mean scores 1. Latents cannot
    lower the loss by growing alike, as they do where their directions are compared as they are.

    Args:
        predicted: Predictions of the standardised next latents (B, L).
        latents: The next latents z (B, L), no gradient flows into them.
        valid: Which of them follow within an episode (B,).

    Returns:
        A scalar; 0 where none is valid.

    Reference: Schwarzer et al., "Data-efficient reinforcement learning with self-predictive representations",
        https://arxiv.org/abs/2007.05929 (the task; they compare directions, with projections of their own)
    """
    share = (valid / valid.sum().clamp(min=1))[:, None]
    centred = latents.detach() - (share * latents.detach()).sum(0)
    variance = (share * centred.square()).sum(0)
    targets = centred * torch.rsqrt(variance + SMALLEST_VARIANCE)
    return (share * (predicted - targets).square()).sum(0).mean()


def infonce_loss(queries: Tensor, keys: Tensor, ignored: Tensor, temperature: float) -> Tensor:
    """Tell the key of a query from those of the others: mean_i -log(exp(s_ii) / sum_j exp(s_ij)).

    s_ij = cos(q_i, k_j) / temperature; j runs over i and all that are not ignored. Unrelated queries and keys score
    about log N with N terms in the sum.

    Args:
        queries: One view of each sample (B, L).
        keys: Another view of each (B, L).
        ignored: Whether sample j is no negative of sample i (B, B); the diagonal plays no role.
        temperature: Scale of the similarities.

    Returns:
        A scalar.

    References: van den Oord et al., "Representation learning with contrastive predictive coding",
        https://arxiv.org/abs/1807.03748; Laskin et al., "CURL: contrastive unsupervised representations for
        reinforcement learning", https://arxiv.org/abs/2004.04136
    """
    own = torch.arange(len(queries), device=queries.device)
    scores = normalize(queries, dim=-1) @ normalize(keys, dim=-1).T / temperature
    scores = scores.masked_fill(ignored & (own[:, None] != own), -torch.inf)
    return cross_entropy(scores, own)


def share_frames(index: Tensor) -> Tensor:
    """Mark the pairs of stacks that show a common frame.

    Args:
        index: Numbers of consecutive frames, oldest first (B, T).

    Returns:
        Mask (B, B).
    """
    # Of two overlapping runs one begins within the other.
    begins_within = (index[:, None, :] == index[None, :, :1]).any(dim=-1)
    return begins_within | begins_within.T


def follows_in_segment(rows: np.ndarray, length: int) -> np.ndarray:
    """Mark the transitions that the batch's next one follows, one step later in the same segment.

    Args:
        rows: Where the transitions lie in replay, segment by segment (B,); an episode's last is repeated.
        length: Transitions a segment.

    Returns:
        Mask (B,).
    """
    segments = rows.reshape(-1, length)
    follows = np.zeros(segments.shape, bool)
    follows[:, :-1] = segments[:, 1:] != segments[:, :-1]
    return follows.ravel()
