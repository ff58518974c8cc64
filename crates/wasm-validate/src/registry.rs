//! The types of all modules of an engine, each once, under ids that compare as the types do.
//!
//! A recursive group is interned by its [key](crate::types), the same that canonicalises a module's types among
//! themselves; there, the "id" of a type is the smallest index of an equal type of the module, here it is a number that
//! all modules share. So equality within a module needs no registry, and equality across modules is equality of
//! [`CanonicalTypeId`]s. Groups are counted: what the last module that mentions a group releases is forgotten, and its
//! ids are given out again.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::hash::BuildHasher;
use core::ops::Range;

use hashbrown::{DefaultHashBuilder, HashTable};
use smallvec::SmallVec;
use wasm_syntax::{ExternType, HeapType, RefType, TypeIdx, ValType};

use crate::canonical::{CanonFieldType, CanonHeapType, CanonRefType, CanonStorageType, CanonValType, CanonicalTypeId};
use crate::error::CompositeKind;
use crate::info::ModuleInfo;
use crate::linking::CanonExternType;
use crate::types::lattice::{self, Heap};
use crate::types::{Composite, KeyWriter, TypeTable, func_key, write_group};

/// The types of all modules of an engine. Spec: `syntax-deftype`.
///
/// Types of one module compare without it, by [`ModuleInfo::canonical`]: an index of that module, which says nothing
/// about other modules. The registry's ids compare across modules. For types of one module, both give one answer, since
/// both know recursive groups by the same key.
///
/// Ids are valid as long as someone holds them: a module's [`CanonicalTypes`] until they are released, a single type
/// from [`intern_func`](Self::intern_func) or [`retain`](Self::retain) until [`release_type`](Self::release_type).
/// Methods that take an id panic if nobody has ever held it, and are of no meaning if nobody does now.
#[derive(Debug, Default)]
pub struct TypeRegistry {
    hasher: DefaultHashBuilder,
    /// Positions in `groups` by the hash of their key.
    by_key: HashTable<u32>,
    groups: Vec<Option<Group>>,
    free_groups: Vec<u32>,
    /// By id; a group's members are neighbours.
    types: Vec<Option<CanonType>>,
    /// Starts of the unused stretches of ids, by length.
    free_ids: BTreeMap<u32, Vec<u32>>,
}

/// There are as many types as there are ids; releasing modules makes room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many types in one engine")]
pub struct RegistryFull;

/// The canonical ids of a module's types, which the registry keeps until they are
/// [released](TypeRegistry::release). Dropping them instead keeps them for the registry's life.
#[derive(Debug, Default)]
pub struct CanonicalTypes {
    ids: Box<[CanonicalTypeId]>,
    groups: Box<[u32]>,
}

/// A function's operands and results, over canonical ids. Spec: `syntax-functype`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CanonFuncSig<'r> {
    /// Types of the operands.
    pub params: &'r [CanonValType],
    /// Types of the results.
    pub results: &'r [CanonValType],
}

/// What values of a type are made of, over canonical ids. Spec: `syntax-comptype`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CanonComposite {
    /// A function: operands, results.
    Func(Box<[CanonValType]>, Box<[CanonValType]>),
    /// A structure.
    Struct(Box<[CanonFieldType]>),
    /// An array.
    Array(CanonFieldType),
    /// A continuation of a function type.
    Cont(CanonicalTypeId),
}

#[derive(Debug)]
struct Group {
    key: Box<[u64]>,
    ids: Range<u32>,
    /// How many modules, groups and others hold it.
    holders: u64,
    /// The groups that it holds: those that its definitions mention.
    held: Box<[u32]>,
}

#[derive(Debug)]
struct CanonType {
    group: u32,
    composite: CanonComposite,
    /// All supertypes, the farthest first: a type's own place in its subtypes' lists is the length of its list.
    supertypes: Box<[CanonicalTypeId]>,
    descriptor: Option<CanonicalTypeId>,
}

impl CanonicalTypes {
    /// The id of a module's type.
    ///
    /// # Panics
    ///
    /// If the module has no such type.
    #[inline]
    #[must_use]
    pub fn get(&self, ty: TypeIdx) -> CanonicalTypeId {
        self.ids[ty.index()]
    }

    /// The ids of all of the module's types, by index.
    #[must_use]
    pub fn ids(&self) -> &[CanonicalTypeId] {
        &self.ids
    }

    /// A module's value type over canonical ids.
    #[must_use]
    pub fn val_type(&self, ty: ValType) -> CanonValType {
        CanonValType::from_val(ty, |idx| self.get(idx))
    }

    /// A module's reference type over canonical ids.
    #[must_use]
    pub fn ref_type(&self, ty: RefType) -> CanonRefType {
        CanonRefType::from_ref(ty, |idx| self.get(idx))
    }

    /// A module's heap type over canonical ids.
    #[must_use]
    pub fn heap_type(&self, ty: HeapType) -> CanonHeapType {
        CanonHeapType::from_heap(ty, |idx| self.get(idx))
    }

    /// The type of one of a module's imports or exports over canonical ids.
    #[must_use]
    pub fn extern_type(&self, ty: &ExternType) -> CanonExternType {
        match *ty {
            ExternType::Func(ty) => CanonExternType::Func { ty: self.get(ty), exact: false },
            ExternType::FuncExact(ty) => CanonExternType::Func { ty: self.get(ty), exact: true },
            ExternType::Table(ty) => {
                CanonExternType::Table { elem: self.ref_type(ty.elem), limits: ty.limits, table64: ty.table64 }
            }
            ExternType::Memory(ty) => CanonExternType::Memory(ty),
            ExternType::Global(ty) => CanonExternType::Global { val: self.val_type(ty.val), mutable: ty.mutable },
            ExternType::Tag(ty) => CanonExternType::Tag(self.get(ty)),
        }
    }
}

impl CanonComposite {
    fn kind(&self) -> CompositeKind {
        match self {
            Self::Func(..) => CompositeKind::Func,
            Self::Struct(_) => CompositeKind::Struct,
            Self::Array(_) => CompositeKind::Array,
            Self::Cont(_) => CompositeKind::Cont,
        }
    }
}

impl TypeRegistry {
    /// A registry without types.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in a module's types and holds them.
    ///
    /// # Errors
    ///
    /// If there are no ids left; nothing is held then.
    pub fn intern(&mut self, module: &ModuleInfo) -> Result<CanonicalTypes, RegistryFull> {
        let mut ids = Vec::with_capacity(module.num_types() as usize);
        let mut groups = Vec::with_capacity(module.rec_groups().len());
        let mut key = Vec::new();
        for range in module.rec_groups() {
            match self.intern_group(&module.types, range, &ids, &mut key) {
                Ok(group) => {
                    groups.push(group);
                    ids.extend(self.group(group).ids.clone().map(CanonicalTypeId));
                }
                Err(full) => {
                    self.release(CanonicalTypes { ids: Box::default(), groups: groups.into() });
                    return Err(full);
                }
            }
        }
        Ok(CanonicalTypes { ids: ids.into(), groups: groups.into() })
    }

    /// Lets go of a module's types.
    pub fn release(&mut self, types: CanonicalTypes) {
        self.release_groups(types.groups.into_vec());
    }

    /// Takes in a function type without supertypes, such as a host function's, and holds it.
    ///
    /// # Errors
    ///
    /// If there are no ids left.
    pub fn intern_func(
        &mut self,
        params: &[CanonValType],
        results: &[CanonValType],
    ) -> Result<CanonicalTypeId, RegistryFull> {
        let mut key = Vec::with_capacity(params.len() + results.len() + 2);
        func_key(params, results, &mut key);
        let mentioned = params.iter().chain(results).filter_map(|ty| match ty.as_ref()?.heap() {
            CanonHeapType::Concrete(id) | CanonHeapType::Exact(id) => Some(id),
            CanonHeapType::Abstract(_) => None,
        });
        let mentioned: SmallVec<[CanonicalTypeId; 8]> = mentioned.collect();
        let group = self.hold_or_add(&key, 1, &mentioned, |_, place| {
            let composite = CanonComposite::Func(params.into(), results.into());
            CanonType { group: place.group, composite, supertypes: Box::default(), descriptor: None }
        })?;
        Ok(CanonicalTypeId(self.group(group).ids.start))
    }

    /// Holds a type that somebody holds already, once more.
    pub fn retain(&mut self, ty: CanonicalTypeId) {
        let group = self.ty(ty).group;
        self.group_mut(group).holders += 1;
    }

    /// Lets go of a type held by [`intern_func`](Self::intern_func) or [`retain`](Self::retain).
    pub fn release_type(&mut self, ty: CanonicalTypeId) {
        let group = self.ty(ty).group;
        self.release_groups([group].into());
    }

    /// How many types there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.types.iter().flatten().count()
    }

    /// Whether there are no types.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    /// What values of the type are made of.
    #[must_use]
    pub fn composite(&self, ty: CanonicalTypeId) -> &CanonComposite {
        &self.ty(ty).composite
    }

    /// The operands and results of a function type; `None` for types of other kinds.
    #[must_use]
    pub fn func_sig(&self, ty: CanonicalTypeId) -> Option<CanonFuncSig<'_>> {
        match self.composite(ty) {
            CanonComposite::Func(params, results) => Some(CanonFuncSig { params, results }),
            _ => None,
        }
    }

    /// All supertypes of a type, the farthest first.
    #[must_use]
    pub fn supertypes(&self, ty: CanonicalTypeId) -> &[CanonicalTypeId] {
        &self.ty(ty).supertypes
    }

    /// The type of a structure's descriptor, if it has one (custom descriptors proposal).
    #[must_use]
    pub fn descriptor(&self, ty: CanonicalTypeId) -> Option<CanonicalTypeId> {
        self.ty(ty).descriptor
    }

    /// Whether every value of type `a` is one of type `b`, in constant time. Spec: `match-deftype`.
    #[inline]
    #[must_use]
    pub fn is_subtype(&self, a: CanonicalTypeId, b: CanonicalTypeId) -> bool {
        a == b || self.ty(a).supertypes.get(self.ty(b).supertypes.len()) == Some(&b)
    }

    /// Spec: `match-heaptype`.
    #[must_use]
    pub fn is_heap_subtype(&self, a: CanonHeapType, b: CanonHeapType) -> bool {
        a == b || lattice::is_subtype(self.heap(a), self.heap(b), |a, b| self.is_subtype(a, b))
    }

    /// Spec: `match-reftype`.
    #[must_use]
    pub fn is_ref_subtype(&self, a: CanonRefType, b: CanonRefType) -> bool {
        (!a.is_nullable() || b.is_nullable()) && self.is_heap_subtype(a.heap(), b.heap())
    }

    /// Spec: `match-valtype`.
    #[must_use]
    pub fn is_val_subtype(&self, a: CanonValType, b: CanonValType) -> bool {
        match (a.as_ref(), b.as_ref()) {
            (Some(a), Some(b)) => self.is_ref_subtype(a, b),
            _ => a == b,
        }
    }

    fn heap(&self, heap: CanonHeapType) -> Heap<CanonicalTypeId> {
        match heap {
            CanonHeapType::Abstract(ty) => Heap::Abstract(ty),
            CanonHeapType::Concrete(id) => Heap::Concrete(id, self.composite(id).kind()),
            CanonHeapType::Exact(id) => Heap::Exact(id, self.composite(id).kind()),
        }
    }

    #[inline]
    fn ty(&self, id: CanonicalTypeId) -> &CanonType {
        match &self.types[id.index()] {
            Some(ty) => ty,
            None => panic!("type id {} is not held", id.0),
        }
    }

    fn group(&self, group: u32) -> &Group {
        match &self.groups[group as usize] {
            Some(group) => group,
            None => unreachable!("holders keep their groups"),
        }
    }

    fn group_mut(&mut self, group: u32) -> &mut Group {
        match &mut self.groups[group as usize] {
            Some(group) => group,
            None => unreachable!("holders keep their groups"),
        }
    }
}

/// Where a member of a new group is being put.
#[derive(Clone, Copy)]
struct Place {
    group: u32,
    first: u32,
    member: u32,
}

impl TypeRegistry {
    /// Holds the group of `types` at `range`, adding it if it is new. `ids` are those of the types before it.
    fn intern_group(
        &mut self,
        types: &TypeTable,
        range: Range<u32>,
        ids: &[CanonicalTypeId],
        key: &mut Vec<u64>,
    ) -> Result<u32, RegistryFull> {
        key.clear();
        let mentioned = RefCell::new(SmallVec::<[CanonicalTypeId; 8]>::new());
        let outer = |idx: TypeIdx| {
            let id = ids[idx.index()];
            mentioned.borrow_mut().push(id);
            id
        };
        write_group(types, KeyWriter { words: key, group: range.clone(), outer });
        let len = range.end - range.start;
        self.hold_or_add(key, len, &mentioned.into_inner(), |registry, place| {
            let id = |idx: TypeIdx| match idx.0.checked_sub(range.start) {
                Some(member) => CanonicalTypeId(place.first + member),
                None => ids[idx.index()],
            };
            registry.canonical_type(types, TypeIdx(range.start + place.member), place.group, id)
        })
    }

    /// A definition of a module over canonical ids.
    fn canonical_type(
        &self,
        types: &TypeTable,
        idx: TypeIdx,
        group: u32,
        id: impl Fn(TypeIdx) -> CanonicalTypeId,
    ) -> CanonType {
        let def = types.def(idx);
        let val = |&ty: &ValType| CanonValType::from_val(ty, &id);
        let field = |field: &wasm_syntax::FieldType| CanonFieldType {
            storage: CanonStorageType::from_storage(field.storage, &id),
            mutable: field.mutable,
        };
        let composite = match def.composite {
            Composite::Func { .. } => match types.sig_of(&def.composite) {
                Some(sig) => {
                    CanonComposite::Func(sig.params.iter().map(val).collect(), sig.results.iter().map(val).collect())
                }
                None => unreachable!("functions have signatures"),
            },
            Composite::Struct { .. } => {
                CanonComposite::Struct(types.fields_of(&def.composite).into_iter().flatten().map(field).collect())
            }
            Composite::Array(elem) => CanonComposite::Array(field(&elem)),
            Composite::Cont(func) => CanonComposite::Cont(id(func)),
        };
        let supertypes = match def.supertype {
            Some(parent) => {
                let parent = id(parent);
                self.ty(parent).supertypes.iter().copied().chain([parent]).collect()
            }
            None => Box::default(),
        };
        CanonType { group, composite, supertypes, descriptor: def.descriptor.map(&id) }
    }

    /// Holds the group with the key. If it is new, adds it with `len` types, which `make` gives in order, and holds the
    /// groups of the types that it mentions.
    fn hold_or_add(
        &mut self,
        key: &[u64],
        len: u32,
        mentioned: &[CanonicalTypeId],
        make: impl Fn(&Self, Place) -> CanonType,
    ) -> Result<u32, RegistryFull> {
        let hash = self.hasher.hash_one(key);
        let groups = &self.groups;
        let equal = self.by_key.find(hash, |&i| groups[i as usize].as_ref().is_some_and(|group| *group.key == *key));
        if let Some(&group) = equal {
            self.group_mut(group).holders += 1;
            return Ok(group);
        }
        let first = self.allocate_ids(len)?;
        let group = self.free_groups.pop().unwrap_or_else(|| {
            self.groups.push(None);
            self.groups.len() as u32 - 1
        });
        for member in 0..len {
            let ty = make(self, Place { group, first, member });
            self.types[(first + member) as usize] = Some(ty);
        }
        let mut held: SmallVec<[u32; 8]> = mentioned.iter().map(|&id| self.ty(id).group).collect();
        held.sort_unstable();
        held.dedup();
        for &other in &held {
            self.group_mut(other).holders += 1;
        }
        let (key, held) = (key.into(), held.into_vec().into());
        self.groups[group as usize] = Some(Group { key, ids: first..first + len, holders: 1, held });
        let (groups, hasher) = (&self.groups, &self.hasher);
        self.by_key.insert_unique(hash, group, |&i| match &groups[i as usize] {
            Some(group) => hasher.hash_one(&*group.key),
            None => unreachable!("groups in the table exist"),
        });
        Ok(group)
    }

    /// Finds `len` neighbouring ids, the smallest stretch that is free and long enough first.
    fn allocate_ids(&mut self, len: u32) -> Result<u32, RegistryFull> {
        if len > 0
            && let Some((&stretch, _)) = self.free_ids.range(len..).next()
            && let Some(first) = self.take_stretch(stretch)
        {
            if stretch > len {
                self.free_ids.entry(stretch - len).or_default().push(first + len);
            }
            return Ok(first);
        }
        let first = self.types.len();
        let end = u32::try_from(first + len as usize).map_err(|_| RegistryFull)?;
        self.types.resize_with(end as usize, || None);
        Ok(first as u32)
    }

    fn take_stretch(&mut self, len: u32) -> Option<u32> {
        let starts = self.free_ids.get_mut(&len)?;
        let first = starts.pop();
        if starts.is_empty() {
            self.free_ids.remove(&len);
        }
        first
    }

    /// Takes a holder off each of the groups, and forgets those without any, with what only they hold.
    fn release_groups(&mut self, mut pending: Vec<u32>) {
        while let Some(index) = pending.pop() {
            let group = self.group_mut(index);
            group.holders -= 1;
            if group.holders > 0 {
                continue;
            }
            let hash = self.hasher.hash_one(&*self.group(index).key);
            if let Ok(entry) = self.by_key.find_entry(hash, |&i| i == index) {
                entry.remove();
            }
            if let Some(group) = self.groups[index as usize].take() {
                let Range { start, end } = group.ids;
                self.types[start as usize..end as usize].fill_with(|| None);
                if start < end {
                    self.free_ids.entry(end - start).or_default().push(start);
                }
                self.free_groups.push(index);
                pending.extend(group.held);
            }
        }
        if self.by_key.is_empty() {
            self.groups.clear();
            self.free_groups.clear();
            self.types.clear();
            self.free_ids.clear();
        }
    }
}
