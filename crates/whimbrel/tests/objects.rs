//! Memories, tables, globals, tags, external references, exports.

mod common;

use common::{instantiate, module, with_imports};
use whimbrel::{
    Engine, Extern, ExternRef, ExternType, Func, FuncType, Global, GlobalType, Memory, MemoryType, Mutability, RefType,
    Store, Table, TableType, Tag, TagType, Val, ValType,
};

#[test]
fn memories() {
    let mut store = Store::<u8>::default();
    let memory = Memory::new(&mut store, MemoryType::new(1, Some(3))).unwrap();
    assert_eq!((memory.size(&store), memory.data_size(&store)), (1, 65536));
    memory.write(&mut store, 65530, b"abcdef").unwrap();
    assert!(memory.write(&mut store, 65531, b"abcdef").is_err());
    let mut buffer = [0; 3];
    memory.read(&store, 65533, &mut buffer).unwrap();
    assert_eq!(&buffer, b"def");
    assert!(memory.read(&store, 65534, &mut buffer).is_err());
    assert!(memory.read(&store, usize::MAX, &mut buffer).is_err());
    memory.data_mut(&mut store)[0] = 1;
    let (bytes, data) = memory.data_and_store_mut(&mut store);
    *data = bytes[0];
    assert_eq!(*store.data(), 1);
    assert_eq!(memory.grow(&mut store, 2).unwrap(), 1);
    assert_eq!(memory.data(&store).len(), 3 * 65536);
    let error = memory.grow(&mut store, 1).unwrap_err();
    assert_eq!(error.to_string(), "memory exceeds the store's limits or the memory available");
    assert_eq!(memory.ty(&store), MemoryType::new(3, Some(3)));
}

#[test]
fn tables() {
    let mut store = Store::<()>::default();
    let ty = TableType::new(RefType::FUNCREF, 2, Some(4));
    let table = Table::new(&mut store, ty, Val::FuncRef(None)).unwrap();
    let func = Func::wrap(&mut store, || 7);
    table.set(&mut store, 1, func.clone().into()).unwrap();
    assert_eq!(table.get(&mut store, 1).unwrap().unwrap_func_ref(), Some(&func));
    assert!(table.get(&mut store, 0).unwrap().unwrap_func_ref().is_none());
    assert!(table.get(&mut store, 2).is_none());
    assert_eq!(table.set(&mut store, 2, Val::FuncRef(None)).unwrap_err().to_string(), "out of bounds table access");
    assert!(table.set(&mut store, 0, Val::I32(0)).is_err());
    assert!(table.set(&mut store, 0, Val::ExternRef(None)).is_err());
    assert_eq!(table.grow(&mut store, 2, func.clone().into()).unwrap(), 2);
    assert!(table.grow(&mut store, 1, Val::FuncRef(None)).is_err());
    assert_eq!(table.get(&mut store, 3).unwrap().unwrap_func_ref(), Some(&func));
    table.fill(&mut store, 0, Val::FuncRef(None), 4).unwrap();
    assert!(table.fill(&mut store, 1, func.into(), 4).is_err());
    assert!((0..4).all(|n| table.get(&mut store, n).unwrap().unwrap_func_ref().is_none()));
    assert_eq!(table.ty(&store), TableType::new(RefType::FUNCREF, 4, Some(4)));
}

#[test]
fn globals() {
    let mut store = Store::<()>::default();
    let ty = GlobalType::new(ValType::F64, Mutability::Var);
    let global = Global::new(&mut store, ty, 1.5f64.into()).unwrap();
    global.set(&mut store, 2.5f64.into()).unwrap();
    assert_eq!(global.get(&mut store).unwrap_f64(), 2.5);
    assert_eq!(global.ty(&store), ty);
    assert!(global.set(&mut store, Val::I32(1)).is_err());
    let constant = GlobalType::new(ValType::EXTERNREF, Mutability::Const);
    let value = ExternRef::new(&mut store, "x").unwrap();
    let constant = Global::new(&mut store, constant, value.clone().into()).unwrap();
    assert_eq!(constant.get(&mut store).unwrap_extern_ref(), Some(&value));
    assert_eq!(constant.set(&mut store, Val::ExternRef(None)).unwrap_err().to_string(), "global is not mutable");
    let error = Global::new(&mut store, ty, Val::I64(0)).unwrap_err();
    assert_eq!(error.to_string(), "type mismatch: expected (f64), found (i64)");
}

#[test]
fn objects_are_shared_with_instances() {
    let mut store = Store::<()>::default();
    let memory = Memory::new(&mut store, MemoryType::new(1, None)).unwrap();
    let global = GlobalType::new(ValType::I32, Mutability::Var);
    let global = Global::new(&mut store, global, Val::I32(3)).unwrap();
    let table = TableType::new(RefType::FUNCREF, 1, None);
    let table = Table::new(&mut store, table, Val::FuncRef(None)).unwrap();
    let text = r#"(module
        (import "" "m" (memory 1)) (import "" "g" (global $g (mut i32))) (import "" "t" (table 1 funcref))
        (type $f (func (result i32)))
        (func (export "f") (result i32)
            (i32.store8 (i32.const 5) (i32.const 6))
            (global.set $g (i32.add (global.get $g) (i32.const 1)))
            (call_indirect (type $f) (i32.const 0))))"#;
    let imports = [memory.clone().into(), global.clone().into(), table.clone().into()];
    let instance = with_imports(&mut store, text, &imports).unwrap();
    let func = Func::wrap(&mut store, || 42);
    table.set(&mut store, 0, func.into()).unwrap();
    let f = instance.get_typed_func::<(), i32>(&mut store, "f").unwrap();
    assert_eq!(f.call(&mut store, ()).unwrap(), 42);
    assert_eq!((memory.data(&store)[5], global.get(&mut store).unwrap_i32()), (6, 4));
}

#[test]
fn exports_and_types() {
    let text = r#"(module $name
        (memory (export "m") 1 2) (table (export "t") 3 externref) (global (export "g") i64 (i64.const -2))
        (tag (export "e") (param i32))
        (func $inner (export "f") (param i32 f32) (result i64) (i64.const 0)))"#;
    let (mut store, instance) = instantiate(text);
    let types: Vec<_> =
        instance.module().exports().map(|export| format!("{} {}", export.name(), export.ty())).collect();
    assert_eq!(
        types,
        [
            "m (memory 1 2)",
            "t (table 3 externref)",
            "g (global i64)",
            "e (tag (func (param i32)))",
            "f (func (param i32 f32) (result i64))"
        ]
    );
    assert_eq!((instance.module().name(), instance.module().func_name(0)), (Some("name"), Some("inner")));
    let names: Vec<_> = instance.exports(&mut store).map(|export| export.name().to_owned()).collect();
    assert_eq!(names, ["m", "t", "g", "e", "f"]);
    for name in names {
        let export = instance.get_export(&mut store, &name).unwrap();
        assert_eq!(Some(export.ty(&store)), instance.module().get_export(&name));
    }
    assert_eq!(instance.get_global(&mut store, "g").unwrap().get(&mut store).unwrap_i64(), -2);
    assert!(instance.get_func(&mut store, "m").is_none());
    assert!(instance.get_export(&mut store, "none").is_none());
    assert_eq!(
        instance.get_export(&mut store, "f").unwrap().into_func().unwrap().ty(&store),
        FuncType::new(&store.engine().clone(), [ValType::I32, ValType::F32], [ValType::I64])
    );
}

#[test]
fn imports_are_listed() {
    let engine = Engine::default();
    let text = r#"(module (import "a" "b" (func (param externref))) (import "c" "d" (global (mut f32)))
        (import "e" "f" (memory i64 1)))"#;
    let module = module(&engine, text);
    let imports: Vec<_> = module.imports().map(|i| format!("{}.{} {}", i.module(), i.name(), i.ty())).collect();
    assert_eq!(imports, ["a.b (func (param externref))", "c.d (global (mut f32))", "e.f (memory i64 1)"]);
}

#[test]
fn tags_are_told_apart() {
    let mut store = Store::<()>::default();
    let engine = store.engine().clone();
    let ty = TagType::new(FuncType::new(&engine, [ValType::I32], []));
    let (a, b) = (Tag::new(&mut store, &ty).unwrap(), Tag::new(&mut store, &ty).unwrap());
    assert_ne!(a, b);
    let text = r#"(module (import "" "e" (tag $e (param i32))) (export "e" (tag $e)))"#;
    let instance = with_imports(&mut store, text, &[a.clone().into()]).unwrap();
    assert_eq!(instance.get_tag(&mut store, "e"), Some(a.clone()));
    assert_eq!(Extern::Tag(a).ty(&store), ExternType::Tag(ty));
    let other = with_imports(&mut store, r#"(module (import "" "e" (tag (param i64))))"#, &[b.into()]);
    assert!(other.unwrap_err().to_string().contains("incompatible import type"));
}

#[test]
fn constant_expressions_of_every_kind() {
    let text = r#"(module
        (global $a i32 (i32.const 40))
        (global (export "b") i32 (i32.add (global.get $a) (i32.mul (i32.const 1) (i32.const 2))))
        (global (export "c") f32 (f32.const nan:0x200001))
        (global (export "d") funcref (ref.func $f))
        (global (export "e") externref (ref.null extern))
        (global (export "v") v128 (v128.const i64x2 -2 7))
        (table (export "t") 3 funcref)
        (elem (i32.const 1) func $f) (elem (table 0) (i32.sub (global.get $a) (i32.const 38)) funcref (ref.func $f))
        (memory (export "m") 1) (data (i32.add (i32.const 3) (i32.const 4)) "x")
        (func $f (export "f")))"#;
    let (mut store, instance) = instantiate(text);
    let mut get = |name: &str| instance.get_global(&mut store, name).unwrap().get(&mut store);
    assert_eq!(get("b").unwrap_i32(), 42);
    assert!(matches!(get("c"), Val::F32(0x7fa0_0001)));
    assert!(get("e").unwrap_extern_ref().is_none());
    assert_eq!(get("v").unwrap_v128().to_u128(), 7 << 64 | u128::from(u64::MAX - 1));
    let d = get("d");
    let func = instance.get_func(&mut store, "f").unwrap();
    assert_eq!(d.unwrap_func_ref(), Some(&func));
    let table = instance.get_table(&mut store, "t").unwrap();
    let filled: Vec<_> = (0..3).map(|n| table.get(&mut store, n).unwrap().unwrap_func_ref().is_some()).collect();
    assert_eq!(filled, [false, true, true]);
    assert_eq!(instance.get_memory(&mut store, "m").unwrap().data(&store)[7], b'x');
}
