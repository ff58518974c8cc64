//! Encoding of integers, names and types. Spec: `binary-types`.

use wasm_syntax::{
    CompositeType, ExternType, FieldType, FuncType, GlobalType, HeapType, Limits, MemType, RefType, Sequence,
    StorageType, SubType, TableType, TypeIdx, ValType,
};

use super::{Encode, Sink, u32_len};
use crate::{RecGroup, TagType};

/// As many bytes as a LEB128 integer of 64 bits has at most.
const LEB_MAX_BYTES: usize = 10;

fn put_unsigned(mut value: u64, sink: &mut dyn Sink) {
    let mut bytes = [0; LEB_MAX_BYTES];
    let mut len = 0;
    for byte in &mut bytes {
        *byte = value as u8 & 0x7F;
        value >>= 7;
        len += 1;
        if value == 0 {
            break;
        }
        *byte |= 0x80;
    }
    sink.put(&bytes[..len]);
}

/// Writes a signed LEB128 integer of any width.
pub(super) fn put_signed(mut value: i64, sink: &mut dyn Sink) {
    let mut bytes = [0; LEB_MAX_BYTES];
    let mut len = 0;
    for byte in &mut bytes {
        *byte = value as u8 & 0x7F;
        let sign_is_written = *byte & 0x40 != 0;
        value >>= 7;
        len += 1;
        if value == if sign_is_written { -1 } else { 0 } {
            break;
        }
        *byte |= 0x80;
    }
    sink.put(&bytes[..len]);
}

/// A byte as it is.
impl Encode for u8 {
    fn encode(&self, sink: &mut dyn Sink) {
        sink.put(&[*self]);
    }
}

/// Unsigned LEB128.
impl Encode for u32 {
    fn encode(&self, sink: &mut dyn Sink) {
        put_unsigned(u64::from(*self), sink);
    }
}

/// Unsigned LEB128.
impl Encode for u64 {
    fn encode(&self, sink: &mut dyn Sink) {
        put_unsigned(*self, sink);
    }
}

/// Signed LEB128.
impl Encode for i32 {
    fn encode(&self, sink: &mut dyn Sink) {
        put_signed(i64::from(*self), sink);
    }
}

/// Signed LEB128.
impl Encode for i64 {
    fn encode(&self, sink: &mut dyn Sink) {
        put_signed(*self, sink);
    }
}

/// A name: length and bytes. Spec: `binary-name`.
impl Encode for str {
    fn encode(&self, sink: &mut dyn Sink) {
        self.as_bytes().encode(sink);
    }
}

/// A list of bytes: length and bytes.
impl Encode for [u8] {
    fn encode(&self, sink: &mut dyn Sink) {
        u32_len(self.len()).encode(sink);
        sink.put(self);
    }
}

/// A list: the count and the elements as they were decoded.
impl<T> Encode for Sequence<'_, T>
where
    T: wasm_syntax::SequenceElement,
{
    fn encode(&self, sink: &mut dyn Sink) {
        self.len().encode(sink);
        sink.put(self.as_bytes());
    }
}

/// An index, as an unsigned integer.
impl Encode for TypeIdx {
    fn encode(&self, sink: &mut dyn Sink) {
        self.0.encode(sink);
    }
}

impl Encode for HeapType {
    fn encode(&self, sink: &mut dyn Sink) {
        match *self {
            Self::Abstract(ty) => (ty as u8).encode(sink),
            Self::Concrete(idx) => put_signed(i64::from(idx.0), sink),
            Self::Exact(idx) => {
                0x62_u8.encode(sink);
                idx.encode(sink);
            }
        }
    }
}

impl Encode for RefType {
    fn encode(&self, sink: &mut dyn Sink) {
        match (self.is_nullable(), self.heap()) {
            (true, heap @ HeapType::Abstract(_)) => heap.encode(sink),
            (nullable, heap) => {
                let code: u8 = if nullable { 0x63 } else { 0x64 };
                code.encode(sink);
                heap.encode(sink);
            }
        }
    }
}

impl Encode for ValType {
    fn encode(&self, sink: &mut dyn Sink) {
        let code: u8 = match *self {
            Self::I32 => 0x7F,
            Self::I64 => 0x7E,
            Self::F32 => 0x7D,
            Self::F64 => 0x7C,
            _ => match self.as_ref() {
                Some(ty) => return ty.encode(sink),
                None => 0x7B,
            },
        };
        code.encode(sink);
    }
}

impl Encode for StorageType {
    fn encode(&self, sink: &mut dyn Sink) {
        match self {
            Self::I8 => 0x78_u8.encode(sink),
            Self::I16 => 0x77_u8.encode(sink),
            Self::Val(ty) => ty.encode(sink),
        }
    }
}

impl Encode for FieldType {
    fn encode(&self, sink: &mut dyn Sink) {
        self.storage.encode(sink);
        u8::from(self.mutable).encode(sink);
    }
}

impl Encode for FuncType<'_> {
    fn encode(&self, sink: &mut dyn Sink) {
        self.params.encode(sink);
        self.results.encode(sink);
    }
}

impl Encode for CompositeType<'_> {
    fn encode(&self, sink: &mut dyn Sink) {
        match self {
            Self::Func(ty) => {
                0x60_u8.encode(sink);
                ty.encode(sink);
            }
            Self::Struct(fields) => {
                0x5F_u8.encode(sink);
                fields.encode(sink);
            }
            Self::Array(element) => {
                0x5E_u8.encode(sink);
                element.encode(sink);
            }
            Self::Cont(func) => {
                0x5D_u8.encode(sink);
                put_signed(i64::from(func.0), sink);
            }
        }
    }
}

impl Encode for SubType<'_> {
    fn encode(&self, sink: &mut dyn Sink) {
        if !self.is_final || !self.supertypes.is_empty() {
            let code: u8 = if self.is_final { 0x4F } else { 0x50 };
            code.encode(sink);
            self.supertypes.encode(sink);
        }
        if let Some(idx) = self.describes {
            0x4C_u8.encode(sink);
            idx.encode(sink);
        }
        if let Some(idx) = self.descriptor {
            0x4D_u8.encode(sink);
            idx.encode(sink);
        }
        self.composite.encode(sink);
    }
}

impl Encode for RecGroup<'_> {
    fn encode(&self, sink: &mut dyn Sink) {
        if self.is_explicit() {
            0x4E_u8.encode(sink);
            self.len().encode(sink);
        }
        self.types().for_each(|(_, ty)| ty.encode(sink));
    }
}

/// Writes flags with the bit for a maximum, and the bounds.
fn put_limits(limits: &Limits, flags: u8, sink: &mut dyn Sink) {
    (flags | u8::from(limits.max.is_some())).encode(sink);
    limits.min.encode(sink);
    if let Some(max) = limits.max {
        max.encode(sink);
    }
}

/// The page size that needs no mention.
const DEFAULT_PAGE_SIZE_LOG2: u8 = 16;

impl Encode for MemType {
    fn encode(&self, sink: &mut dyn Sink) {
        let names_page_size = self.page_size_log2 != DEFAULT_PAGE_SIZE_LOG2;
        let flags = u8::from(self.shared) << 1 | u8::from(self.memory64) << 2 | u8::from(names_page_size) << 3;
        put_limits(&self.limits, flags, sink);
        if names_page_size {
            u32::from(self.page_size_log2).encode(sink);
        }
    }
}

impl Encode for TableType {
    fn encode(&self, sink: &mut dyn Sink) {
        self.elem.encode(sink);
        put_limits(&self.limits, u8::from(self.table64) << 2, sink);
    }
}

impl Encode for GlobalType {
    fn encode(&self, sink: &mut dyn Sink) {
        self.val.encode(sink);
        u8::from(self.mutable).encode(sink);
    }
}

impl Encode for TagType {
    fn encode(&self, sink: &mut dyn Sink) {
        0_u8.encode(sink);
        self.0.encode(sink);
    }
}

impl Encode for ExternType {
    fn encode(&self, sink: &mut dyn Sink) {
        let code: u8 = if let Self::FuncExact(_) = self { 0x20 } else { self.kind() as u8 };
        code.encode(sink);
        match self {
            Self::Func(idx) | Self::FuncExact(idx) => idx.encode(sink),
            Self::Table(ty) => ty.encode(sink),
            Self::Memory(ty) => ty.encode(sink),
            Self::Global(ty) => ty.encode(sink),
            Self::Tag(idx) => TagType(*idx).encode(sink),
        }
    }
}
