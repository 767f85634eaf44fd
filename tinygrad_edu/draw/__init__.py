"""Pictures of a graph: one description, drawn by Graphviz where it is installed and by this package everywhere.

- `graph/`: `draw` makes a `picture` of nodes, with `clusters` and `collapse`d groups, `local_derivatives` (of tensors
  by `edge_rules`), `gradient_health`, `verdicts`, and `name_tags` for far edges.
- `layout/`: Sugiyama's phases, `layer_assignment`, `crossing_reduction`, `coordinates`, `edge_routing`.
- `formats/`: `svg`, `dot`, `tikz`, `png`; `drawing` is what the user holds, `engines` finds Graphviz and Chromium.
- `network/`: `layers` reads a net, `columns` places it, `picture`, `tikz` and `page` show it, `blocks` any net.
- `pages/`, each with its files in `assets/`: `stepper` (`steps`, `templates`), `live`, `playground`, `recorder` and
  `replay`, `landscape`, `nudges`, `digit`, `convolution`; `page` makes them one file.
- `javascript/`: rows of the table as JavaScript, for pages that compute.
"""
