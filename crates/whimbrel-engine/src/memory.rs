//! Linear memories. Spec: `syntax-meminst`.
