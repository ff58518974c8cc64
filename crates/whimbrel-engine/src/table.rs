//! Tables of references. Spec: `syntax-tableinst`.
