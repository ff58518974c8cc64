//! The executor: linked code, handlers, and the resumable execution that runs them.
