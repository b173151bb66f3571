//! What one core owns: journal, caches, budgets, the write cycle, and the mesh to the other cores.
