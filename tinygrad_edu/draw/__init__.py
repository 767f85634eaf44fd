"""Pictures of a graph: one description, drawn by Graphviz where it is installed and by this package everywhere.

- A graph: `graph` makes a `picture` of nodes, with `clusters` and `fold`s, `local` derivatives (of tensors by
  `edge_rules`), `heat`, `verdicts`, and names for far edges (`references`).
- Its layout: `layer_assignment`, `crossing_reduction` and `coordinates` for boxes, `edge_routing` for frames and edges.
- What writes it: `svg`, `dot` (with `engines`), `tikz`; `drawing` is what the user holds.
- A network: `layers` reads a net, `columns` places it, `network_picture`, `network_tikz` and `network_page` show it.
- Pages, each with its files in `assets/`: `stepper` (`steps`, `templates`), `recorder` and `replay`, `landscape`,
  `nudges`, `digit`; `page` makes them one file, `image` puts pixels into it.
"""
