//! References to continuations, which the embedder can keep and pass on.

/// A reference to a continuation. Only WebAssembly resumes continuations; a function of this host is given one to hand it back
/// later, where one of the same type is expected. Spec: stack switching proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContRef(pub(crate) whimbrel_engine::ContHandle);
