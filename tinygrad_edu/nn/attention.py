"""Attention, and the transformer block made of it, with PyTorch's names and meanings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.node import Node
from ..core.tensor import Tensor
from ..core.types import Rng
from ..errors.where import users_line
from ..ops import compare
from . import functional, functions, init
from .arguments import as_sequence, fraction, size
from .layers import Dropout, Linear
from .module import Module
from .normalisation import LayerNorm


class MultiHeadAttention(Module):
    """Multi-head attention, each head on its share of the width; PyTorch's `MultiheadAttention`.

    in_proj_weight: (3·embed_dim, embed_dim), the queries' rows first, then the keys', then the values'. batch_first:
    inputs are (n, length, embed_dim), otherwise (length, n, embed_dim); without a batch always (length, embed_dim).
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        batch_first: bool = False,
        *,
        rng: Rng = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        kind, rng = "MultiHeadAttention", init.generator(rng)
        n = self.embed_dim = size(kind, "embed_dim", embed_dim)
        self.num_heads = size(kind, "num_heads", num_heads)
        if n % self.num_heads:
            raise ValueError(f"{kind}: embed_dim={n} is no multiple of num_heads={num_heads} (at {users_line()})")
        self.dropout, self.batch_first, self.rng = fraction(kind, "dropout", dropout), batch_first, rng
        start = init.xavier_uniform((3 * n, n), rng=rng)
        self.in_proj_weight = Tensor(start, requires_grad=True, label="W_qkv", dtype=dtype)
        self.in_proj_bias = Tensor(np.zeros(3 * n), requires_grad=True, label="b_qkv", dtype=dtype) if bias else None
        self.out_proj = Linear(n, n, bias, rng=rng, dtype=dtype)
        if self.out_proj.bias is not None:
            self.out_proj.bias.assign(np.zeros(n))

    def forward(
        self,
        query: Any,
        key: Any,
        value: Any,
        key_padding_mask: Any = None,
        need_weights: bool = True,
        attn_mask: Any = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """Return the attended values, and with `need_weights` the attention weights, else None.

        Masks are True where a place is not looked at, or floats that are added to the scores: key_padding_mask (n, S),
        attn_mask (L, S) or (n·heads, L, S). is_causal: nobody looks ahead. The weights are (n, L, S), or (n, heads,
        L, S) without `average_attn_weights`. Raises ShapeError.
        """
        batched = len(query.shape) == 3
        inputs = [self.ordered(x, batched) for x in ((query,) if key is query is value else (query, key, value))]
        q, k, v = self.projected(inputs)
        mask = self.mask(key_padding_mask, attn_mask, is_causal, q.shape, k.shape)
        if need_weights:
            weights = functions.attention_weights(q, k, mask)
            used = functional.dropout(weights, self.dropout, self.training, rng=self.rng)
            z = used @ v
        else:
            p = self.dropout if self.training else 0.0
            z = functional.scaled_dot_product_attention(q, k, v, mask, p, rng=self.rng)
        n, heads, length, width = z.shape
        z = self.out_proj(z.transpose(0, 2, 1, 3).reshape(n, length, heads * width))
        z = z[0] if not batched else z if self.batch_first else z.transpose(1, 0, 2)
        if not need_weights:
            return z, None
        weights = weights.mean(axis=1) if average_attn_weights else weights
        return z, weights if batched else weights[0]

    def ordered(self, x: Any, batched: bool) -> Any:
        """Return an input as (n, length, embed_dim). Raises ShapeError."""
        x = as_sequence("MultiHeadAttention", x, self.embed_dim, self.batch_first, (2 + batched,))
        return x[None] if not batched else x if self.batch_first else x.transpose(1, 0, 2)

    def projected(self, inputs: list[Any]) -> list[Any]:
        """Return queries, keys and values by head, (n, heads, length, width of a head)."""
        n, weight, bias = self.embed_dim, self.in_proj_weight, self.in_proj_bias
        if len(inputs) == 1:  # of itself: one product for all three
            whole = functional.linear(inputs[0], weight, bias)
            parts = [whole[..., i * n : (i + 1) * n] for i in range(3)]
        else:
            rows = [slice(i * n, (i + 1) * n) for i in range(3)]
            parts = [
                functional.linear(x, weight[row], None if bias is None else bias[row])
                for x, row in zip(inputs, rows, strict=True)
            ]
        heads = (self.num_heads, n // self.num_heads)
        return [x.reshape(*x.shape[:2], *heads).transpose(0, 2, 1, 3) for x in parts]

    def mask(self, padding: Any, mask: Any, is_causal: bool, q: tuple[int, ...], k: tuple[int, ...]) -> Any:
        """Return all masks as one that may be added to scores (n, heads, L, S), or None."""
        (n, heads, length, _), keys = q, k[2]
        parts = []
        if padding is not None:
            parts.append(added(padding).reshape((n, 1, 1, keys)))
        if mask is not None:
            mask = added(mask)
            parts.append(mask if len(mask.shape) == 2 else mask.reshape((n, heads, length, keys)))
        if is_causal:
            parts.append(added(~np.tri(length, keys, dtype=bool)))
        return None if not parts else sum(parts[1:], parts[0])

    def extra_repr(self) -> str:
        return f"{self.embed_dim}, {self.num_heads}"


class TransformerBlock(Module):
    """Self-attention and a feed-forward net, each with a residual connection; PyTorch's `TransformerEncoderLayer`.

    norm_first: normalised before each part, as GPT-2 does, otherwise after it (Vaswani and others 2017).
    activation: "relu", "gelu" or a function. batch_first: as in `MultiHeadAttention`.
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str | Callable[[Any], Any] = "relu",
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        *,
        rng: Rng = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        rng = init.generator(rng)
        if isinstance(activation, str) and activation not in ("relu", "gelu"):
            raise ValueError(
                f"TransformerBlock: activation is 'relu', 'gelu' or a function, not {activation!r:.60} "
                f"(at {users_line()})"
            )
        self.self_attn = MultiHeadAttention(d_model, nhead, dropout, bias, batch_first, rng=rng, dtype=dtype)
        self.linear1 = Linear(d_model, dim_feedforward, bias, rng=rng, dtype=dtype)
        self.dropout = Dropout(dropout, rng=rng)
        self.linear2 = Linear(dim_feedforward, d_model, bias, rng=rng, dtype=dtype)
        self.norm1 = LayerNorm(d_model, layer_norm_eps, bias=bias, dtype=dtype)
        self.norm2 = LayerNorm(d_model, layer_norm_eps, bias=bias, dtype=dtype)
        self.dropout1 = Dropout(dropout, rng=rng)
        self.dropout2 = Dropout(dropout, rng=rng)
        self.activation = getattr(functional, activation) if isinstance(activation, str) else activation
        self.norm_first = norm_first

    def forward(
        self, src: Any, src_mask: Any = None, src_key_padding_mask: Any = None, is_causal: bool = False
    ) -> Tensor:
        """Return the sequence, of the same shape. The masks are those of `MultiHeadAttention`."""
        how = (src_key_padding_mask, False, src_mask, False, is_causal)

        def attend(x: Any) -> Any:
            return self.dropout1(self.self_attn(x, x, x, *how)[0])

        def feed(x: Any) -> Any:
            return self.dropout2(self.linear2(self.dropout(self.activation(self.linear1(x)))))

        if self.norm_first:
            x = src + attend(self.norm1(src))
            return x + feed(self.norm2(x))
        x = self.norm1(src + attend(src))
        return self.norm2(x + feed(x))


def added(mask: Any) -> Any:
    """Return a mask as numbers to add to scores, of a type that never widens them: -inf where it is True."""
    mask = mask if isinstance(mask, Node) else np.asarray(mask)
    return compare.where(mask, np.float16(-np.inf), np.float16(0)) if mask.dtype == bool else mask
