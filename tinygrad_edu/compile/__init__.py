"""Compile: a function is traced into a program, which is replayed without a graph and without the engine.

The way of a function:

- `reachable` walks over everything that it can name: `users_code` reads names off code, `attributes` says which count.
  `holders` keep parts of objects, `contents` the numbers of arrays, `positions` where objects are that move when they
  are used; `identity` compares them before a call. `signature` is what a program depends on of the arguments.
- `trace` runs it once on nodes: it records what is read and changed (`outside`, `optimizer_steps`); `core.sealed` hides
  numbers, `plain_numbers` are looked up in no set, `refusal` says who asked for them, `builtin_extremes` records `max`
  and `min`.
- `vectorize` turns graphs of scalars into graphs of arrays (`scalar_graph`, `vectorizer`; `strided` where there are
  loops, `gathered` where there are none; `parameter_packing`, `bulk_io` and `outputs` for leaves, results and effects).
- `ir` holds the steps, each once; `passes` rewrite them: decompositions, horizontal fusion, tiling.
- `memory` gives every step a buffer; `state_buffers` are written in two `turns`, so that a call takes effect at once.
- `codegen` writes the program as text; `guards` write the conditions under which it is valid.
- `specialization` is one program with its conditions, `compiled` chooses among several, `comparison` compares them with
  the function itself (in a world that `verify` keeps and puts back), `results` makes nodes of what they return,
  `sharing` keeps threads apart, and the `collector` of garbage is held off.
"""

from .compiled import Compiled, compile

__all__ = ["Compiled", "compile"]
