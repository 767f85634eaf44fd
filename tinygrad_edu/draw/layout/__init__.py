"""A layered layout of cards and edges, in the phases of Sugiyama, Tagawa and Toda (1981)."""
