//! Encoding of what sections list, and of sections as they were decoded. Spec: `binary-module`.

use wasm_syntax::{RefType, TableIdx};

use super::{Encode, Sink, section};
use crate::{
    Body, ConstExpr, ConstExprs, Custom, Data, DataMode, Decode, Elem, ElemItems, ElemMode, Export, ExternIdx, Global,
    Import, ImportReader, LocalRun, Section, SectionReader, Table,
};

impl Encode for Import<'_> {
    fn encode(&self, sink: &mut dyn Sink) {
        self.module.encode(sink);
        self.name.encode(sink);
        self.ty.encode(sink);
    }
}

impl Encode for Table<'_> {
    fn encode(&self, sink: &mut dyn Sink) {
        match &self.init {
            Some(init) => {
                sink.put(&[0x40, 0]);
                self.ty.encode(sink);
                init.encode(sink);
            }
            None => self.ty.encode(sink),
        }
    }
}

impl Encode for Global<'_> {
    fn encode(&self, sink: &mut dyn Sink) {
        self.ty.encode(sink);
        self.init.encode(sink);
    }
}

impl Encode for Export<'_> {
    fn encode(&self, sink: &mut dyn Sink) {
        self.name.encode(sink);
        self.idx.encode(sink);
    }
}

impl Encode for ExternIdx {
    fn encode(&self, sink: &mut dyn Sink) {
        (self.kind() as u8).encode(sink);
        self.index().encode(sink);
    }
}

/// The instructions as they were decoded, the closing `end` included.
impl Encode for ConstExpr<'_> {
    fn encode(&self, sink: &mut dyn Sink) {
        sink.put(self.as_bytes());
    }
}

impl Encode for ConstExprs<'_> {
    fn encode(&self, sink: &mut dyn Sink) {
        self.len().encode(sink);
        self.iter().for_each(|expr| expr.encode(sink));
    }
}

impl Encode for LocalRun {
    fn encode(&self, sink: &mut dyn Sink) {
        self.count.encode(sink);
        self.ty.encode(sink);
    }
}

/// The body as it was decoded, its length first.
impl Encode for Body<'_> {
    fn encode(&self, sink: &mut dyn Sink) {
        self.as_bytes().encode(sink);
    }
}

impl Encode for Elem<'_> {
    fn encode(&self, sink: &mut dyn Sink) {
        let is_plain = match self.items {
            ElemItems::Funcs(_) => true,
            ElemItems::Exprs(_) => self.ty == RefType::FUNCREF,
        };
        let (mode, names_type): (u8, bool) = match self.mode {
            ElemMode::Active { table: TableIdx(0), .. } if is_plain => (0, false),
            ElemMode::Passive => (1, true),
            ElemMode::Active { .. } => (2, true),
            ElemMode::Declared => (3, true),
        };
        let are_exprs = matches!(self.items, ElemItems::Exprs(_));
        (mode | u8::from(are_exprs) << 2).encode(sink);
        if let ElemMode::Active { table, offset } = &self.mode {
            if names_type {
                table.encode(sink);
            }
            offset.encode(sink);
        }
        match &self.items {
            ElemItems::Funcs(funcs) => {
                if names_type {
                    0_u8.encode(sink);
                }
                funcs.encode(sink);
            }
            ElemItems::Exprs(exprs) => {
                if names_type {
                    self.ty.encode(sink);
                }
                exprs.encode(sink);
            }
        }
    }
}

impl Encode for Data<'_> {
    fn encode(&self, sink: &mut dyn Sink) {
        match &self.mode {
            DataMode::Passive => 1_u8.encode(sink),
            DataMode::Active { memory, offset } => {
                if memory.0 == 0 {
                    0_u8.encode(sink);
                } else {
                    2_u8.encode(sink);
                    memory.encode(sink);
                }
                offset.encode(sink);
            }
        }
        self.bytes.encode(sink);
    }
}

/// Name and contents, as a section.
impl Encode for Custom<'_> {
    fn encode(&self, sink: &mut dyn Sink) {
        super::custom_section(self.name(), self.as_bytes(), sink);
    }
}

/// The items that are left, up to the first malformed one, under the count of those.
impl<'a, T: Decode<'a> + Encode> Encode for SectionReader<'a, T> {
    fn encode(&self, sink: &mut dyn Sink) {
        super::u32_len(self.flatten().count()).encode(sink);
        self.flatten().for_each(|item| item.encode(sink));
    }
}

/// The imports that are left, up to the first malformed one, grouped ones written one by one.
impl Encode for ImportReader<'_> {
    fn encode(&self, sink: &mut dyn Sink) {
        super::u32_len(self.flatten().count()).encode(sink);
        self.flatten().for_each(|import| import.encode(sink));
    }
}

impl Encode for Section<'_> {
    fn encode(&self, sink: &mut dyn Sink) {
        if let Self::Custom(custom) = self {
            return custom.encode(sink);
        }
        section(self.id(), sink, |sink| match self {
            Self::Type(items) => items.encode(sink),
            Self::Import(items) => items.encode(sink),
            Self::Function(items) => items.encode(sink),
            Self::Table(items) => items.encode(sink),
            Self::Memory(items) => items.encode(sink),
            Self::Tag(items) => items.encode(sink),
            Self::Global(items) => items.encode(sink),
            Self::Export(items) => items.encode(sink),
            Self::Start(func) => func.encode(sink),
            Self::Element(items) => items.encode(sink),
            Self::DataCount(count) => count.encode(sink),
            Self::Code(items) => items.encode(sink),
            Self::Data(items) => items.encode(sink),
            Self::Custom(custom) => custom.encode(sink),
        });
    }
}
