//! Implementation limits: how large the parts of a module may be. Spec: `impl`.

/// Bounds on the sizes of a module's parts, checked while decoding and validating.
///
/// Each field is the largest number allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModuleLimits {
    /// Types, members of recursive groups counted one by one.
    pub types: u32,
    /// Functions, imported ones included.
    pub functions: u32,
    /// Imports.
    pub imports: u32,
    /// Exports.
    pub exports: u32,
    /// Globals, imported ones included.
    pub globals: u32,
    /// Tables, imported ones included.
    pub tables: u32,
    /// Elements of a table at its start.
    pub table_elems: u64,
    /// Memories, imported ones included.
    pub memories: u32,
    /// Tags, imported ones included.
    pub tags: u32,
    /// Element segments.
    pub elem_segments: u32,
    /// Data segments.
    pub data_segments: u32,
    /// Bytes of a name.
    pub name_bytes: u32,
    /// Bytes of a function body.
    pub body_bytes: u32,
    /// Locals of a function, parameters included.
    pub locals: u32,
    /// Parameters of a function type.
    pub params: u32,
    /// Results of a function type.
    pub results: u32,
    /// Fields of a structure type.
    pub fields: u32,
    /// Supertypes above a type.
    pub subtyping_depth: u32,
    /// Operands of an `array.new_fixed`.
    pub array_new_fixed: u32,
    /// Clauses of a `try_table` or `resume`.
    pub clauses: u32,
}

impl ModuleLimits {
    /// What other engines and the JavaScript interface allow.
    pub const DEFAULT: Self = Self {
        types: 1_000_000,
        functions: 1_000_000,
        imports: 1_000_000,
        exports: 1_000_000,
        globals: 1_000_000,
        tables: 100,
        table_elems: 10_000_000,
        memories: 100,
        tags: 1_000_000,
        elem_segments: 100_000,
        data_segments: 100_000,
        name_bytes: 100_000,
        body_bytes: 7_654_321,
        locals: 50_000,
        params: 1_000,
        results: 1_000,
        fields: 10_000,
        subtyping_depth: 63,
        array_new_fixed: 10_000,
        clauses: 10_000,
    };

    /// For modules from strangers that are expected to be small.
    pub const STRICT: Self = Self {
        types: 10_000,
        functions: 10_000,
        imports: 1_000,
        exports: 1_000,
        globals: 1_000,
        tables: 10,
        table_elems: 100_000,
        memories: 1,
        tags: 1_000,
        elem_segments: 1_000,
        data_segments: 1_000,
        name_bytes: 1_000,
        body_bytes: 128 * 1024,
        locals: 1_000,
        params: 64,
        results: 64,
        fields: 1_000,
        subtyping_depth: 16,
        array_new_fixed: 1_000,
        clauses: 100,
    };
}

impl Default for ModuleLimits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
