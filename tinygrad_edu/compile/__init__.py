"""Speed: a function is traced into a program, which is replayed without a graph and without the engine.

The way of a function, a module each:

- `trace` runs it once on nodes, and notes what it reads and changes.
- Graphs of scalars become graphs of arrays: `scalars` reads them as numbers, `lift` decides, `batch` and its two
  kinds, `regular` and `irregular`, do it; `affine` finds loops again, `packs` lays leaves together, `cells` reads and
  writes many at once, `settle` does the same to what is returned and changed.
- `program` makes steps of `variable`s, each once, by what is quicker in NumPy (`algebra`); `abreast` takes those of all
  weights together.
- Memory: `homes` for what stays after a call, `buffers` for the rest, `blocks` for what is too large for the cache.
- Text: `kernels` spells single steps, `names` names, `questions` asks whether the world is as it was, `source` writes.
- `compiled` is what the user holds; `checking` compares it with the function itself.
"""

from .compiled import Compiled, compile

__all__ = ["Compiled", "compile"]
