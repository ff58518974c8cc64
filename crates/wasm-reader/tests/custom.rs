//! Custom sections with a known meaning, from modules made by another encoder where it knows the section.

mod common;

use wasm_reader::custom::{
    BranchHint, DylinkSubsection, LinkingSubsection, MemInfo, NameSubsection, Reloc, RelocKind, Symbol, SymbolKind,
    TargetFeaturePrefix,
};
use wasm_reader::{Custom, KnownCustom, Section};
use wasm_syntax::{DataIdx, Features, FuncIdx};

fn with_custom<T>(text: &str, name: &str, check: impl FnOnce(&Custom<'_>) -> T) -> T {
    let module = wat::parse_str(text).expect("the module is well-formed");
    for section in wasm_reader::sections(&module, Features::ALL).expect("a module") {
        if let Section::Custom(custom) = section.expect("a section")
            && custom.name() == name
        {
            return check(&custom);
        }
    }
    panic!("no custom section `{name}`");
}

#[test]
fn names() {
    let text = r#"(module $m
        (type $t (struct (field $x i32)))
        (memory $mem 1) (table $tab 1 funcref) (global $g i32 (i32.const 0)) (tag $e)
        (elem $el declare func) (data $d "")
        (func $f (param $p i32) (local $l i32) (block $b)))"#;
    with_custom(text, "name", |custom| {
        let Ok(Some(KnownCustom::Name(parts))) = custom.known() else { panic!("no names") };
        let mut seen = Vec::new();
        for part in parts {
            let (space, names) = match part.expect("a well-formed part") {
                NameSubsection::Module(name) => {
                    seen.push(format!("module {name}"));
                    continue;
                }
                NameSubsection::Functions(names) => ("function", vec![(None, names)]),
                NameSubsection::Types(names) => ("type", vec![(None, names)]),
                NameSubsection::Tables(names) => ("table", vec![(None, names)]),
                NameSubsection::Memories(names) => ("memory", vec![(None, names)]),
                NameSubsection::Globals(names) => ("global", vec![(None, names)]),
                NameSubsection::Elems(names) => ("elem", vec![(None, names)]),
                NameSubsection::Datas(names) => ("data", vec![(None, names)]),
                NameSubsection::Tags(names) => ("tag", vec![(None, names)]),
                NameSubsection::Locals(all) => ("local", indirect(all)),
                NameSubsection::Labels(all) => ("label", indirect(all)),
                NameSubsection::Fields(all) => ("field", indirect(all)),
                other => panic!("unexpected {other:?}"),
            };
            for (owner, names) in names {
                for naming in names {
                    let naming = naming.expect("a well-formed name");
                    let owner = owner.map_or(String::new(), |owner: u32| format!("{owner}."));
                    seen.push(format!("{space} {owner}{} {}", naming.index, naming.name));
                }
            }
        }
        let expected = [
            "module m",
            "function 0 f",
            "local 0.0 p",
            "local 0.1 l",
            "label 0.0 b",
            "type 0 t",
            "table 0 tab",
            "memory 0 mem",
            "global 0 g",
            "elem 0 el",
            "data 0 d",
            "field 0.0 x",
            "tag 0 e",
        ];
        assert_eq!(seen, expected);
    });
}

type Indirect<'a> = wasm_reader::SectionReader<'a, wasm_reader::custom::IndirectNaming<'a>>;

fn indirect(all: Indirect<'_>) -> Vec<(Option<u32>, wasm_reader::custom::NameMap<'_>)> {
    all.map(|naming| naming.expect("a well-formed map")).map(|naming| (Some(naming.index), naming.names)).collect()
}

#[test]
fn producers_and_target_features() {
    let text = r#"(module (@producers (language "C" "17") (processed-by "clang" "19") (processed-by "lld" "")))"#;
    with_custom(text, "producers", |custom| {
        let Ok(Some(KnownCustom::Producers(fields))) = custom.known() else { panic!("no producers") };
        let mut seen = Vec::new();
        for field in fields {
            let field = field.expect("a field");
            seen.extend(field.values.flatten().map(|value| (field.name, value.name, value.version)));
        }
        assert_eq!(seen, [("language", "C", "17"), ("processed-by", "clang", "19"), ("processed-by", "lld", "")]);
    });
    let text = r#"(module (@custom "target_features" "\02+\04simd-\03foo"))"#;
    with_custom(text, "target_features", |custom| {
        let Ok(Some(KnownCustom::TargetFeatures(features))) = custom.known() else { panic!("no features") };
        let features: Vec<_> = features.flatten().map(|feature| (feature.prefix, feature.name)).collect();
        assert_eq!(features, [(TargetFeaturePrefix::Used, "simd"), (TargetFeaturePrefix::Disallowed, "foo")]);
    });
}

#[test]
fn dynamic_linking() {
    let text = r#"(module (@dylink.0 (mem-info (memory 100 4) (table 3 1)) (needed "a.so" "b.so")
        (export-info "x" 1) (import-info "m" "y" 2)))"#;
    with_custom(text, "dylink.0", |custom| {
        let Ok(Some(KnownCustom::Dylink(parts))) = custom.known() else { panic!("no dylink.0") };
        let parts: Vec<_> = parts.map(|part| part.expect("a part")).collect();
        let [
            DylinkSubsection::MemInfo(info),
            DylinkSubsection::Needed(needed),
            DylinkSubsection::ExportInfo(exports),
            DylinkSubsection::ImportInfo(imports),
        ] = parts[..]
        else {
            panic!("unexpected {parts:?}")
        };
        let expected = MemInfo { memory_size_bytes: 100, memory_align_log2: 4, table_size: 3, table_align_log2: 1 };
        assert_eq!(info, expected);
        assert_eq!(needed.flatten().collect::<Vec<_>>(), ["a.so", "b.so"]);
        assert_eq!(exports.flatten().map(|export| (export.name, export.flags)).collect::<Vec<_>>(), [("x", 1)]);
        assert_eq!(imports.flatten().map(|i| (i.module, i.name, i.flags)).collect::<Vec<_>>(), [("m", "y", 2)]);
    });
}

#[test]
fn branch_hints() {
    let text = r#"(module (func (param i32)
        (@metadata.code.branch_hint "\01") (if (local.get 0) (then))
        (@metadata.code.branch_hint "\00") (if (local.get 0) (then))))"#;
    with_custom(text, "metadata.code.branch_hint", |custom| {
        let Ok(Some(KnownCustom::BranchHints(mut funcs))) = custom.known() else { panic!("no hints") };
        let func = funcs.next().expect("a function").expect("well-formed hints");
        assert_eq!(func.func, FuncIdx(0));
        let hints: Vec<_> = func.hints.flatten().collect();
        let hint = |offset_bytes, is_taken| BranchHint { offset_bytes, is_taken };
        assert_eq!(hints, [hint(3, true), hint(8, false)]);
        assert!(funcs.next().is_none());
    });
}

#[test]
fn static_linking() {
    // Symbols: a function with a name, one without, data, undefined data; a segment; an initialiser; a group.
    let text = r#"(module
        (@custom "linking" "\02"
            "\08\14\04" "\00\04\01\01f" "\00\10\00" "\01\00\01d\00\08\04" "\01\10\01u"
            "\05\07\01\03seg\02\00" "\06\03\01\05\00" "\07\07\01\01g\00\01\01\02")
        (@custom "reloc.CODE" "\03\02" "\00\06\01" "\03\0a\02\7c"))"#;
    with_custom(text, "linking", |custom| {
        let Ok(Some(KnownCustom::Linking(linking))) = custom.known() else { panic!("no linking section") };
        let parts: Vec<_> = linking.subsections.map(|part| part.expect("a part")).collect();
        let [
            LinkingSubsection::Symbols(symbols),
            LinkingSubsection::SegmentInfo(segments),
            LinkingSubsection::InitFuncs(funcs),
            LinkingSubsection::Comdats(comdats),
        ] = parts[..]
        else {
            panic!("unexpected {parts:?}")
        };
        let symbols: Vec<_> = symbols.map(|symbol| symbol.expect("a symbol")).collect();
        let data = SymbolKind::Data { segment: DataIdx(0), offset_bytes: 8, size_bytes: 4 };
        let expected = [
            Symbol { flags: Symbol::VISIBILITY_HIDDEN, name: Some("f"), kind: SymbolKind::Func(FuncIdx(1)) },
            Symbol { flags: Symbol::UNDEFINED, name: None, kind: SymbolKind::Func(FuncIdx(0)) },
            Symbol { flags: 0, name: Some("d"), kind: data },
            Symbol { flags: Symbol::UNDEFINED, name: Some("u"), kind: SymbolKind::DataUndefined },
        ];
        assert_eq!(symbols, expected);
        assert!(symbols[1].is_undefined() && !symbols[2].is_undefined());
        assert_eq!(segments.flatten().map(|s| (s.name, s.align_log2, s.flags)).collect::<Vec<_>>(), [("seg", 2, 0)]);
        assert_eq!(funcs.flatten().map(|f| (f.priority, f.symbol)).collect::<Vec<_>>(), [(5, 0)]);
        let comdat = comdats.flatten().next().expect("a group");
        let members: Vec<_> = comdat.members.flatten().map(|member| (member.kind, member.index)).collect();
        assert_eq!((comdat.name, &members[..]), ("g", &[(1, 2)][..]));
    });
    with_custom(text, "reloc.CODE", |custom| {
        let Ok(Some(KnownCustom::Reloc(section))) = custom.known() else { panic!("no relocations") };
        assert_eq!(section.section, 3);
        let relocs: Vec<_> = section.relocs.map(|reloc| reloc.expect("a relocation")).collect();
        let reloc = |kind, offset_bytes, index, addend| Reloc { kind, offset_bytes, index, addend };
        let expected = [reloc(RelocKind::FunctionIndexLeb, 6, 1, 0), reloc(RelocKind::MemoryAddrLeb, 10, 2, -4)];
        assert_eq!(relocs, expected);
    });
}

#[test]
fn an_error_stays_in_its_part() {
    // The map of functions is cut within its bytes, the map of memories after it is whole.
    let text = r#"(module (@custom "name" "\01\03\02\00\09" "\06\04\01\00\01m" "\00\7f"))"#;
    with_custom(text, "name", |custom| {
        let Ok(Some(KnownCustom::Name(mut parts))) = custom.known() else { panic!("no names") };
        let Some(Ok(NameSubsection::Functions(functions))) = parts.next() else { panic!("no functions") };
        assert!(functions.collect::<Result<Vec<_>, _>>().is_err());
        let Some(Ok(NameSubsection::Memories(memories))) = parts.next() else { panic!("no memories") };
        assert_eq!(memories.flatten().map(|naming| naming.name).collect::<Vec<_>>(), ["m"]);
        assert!(parts.next().is_some_and(|part| part.is_err()));
        assert!(parts.next().is_none());
    });
    let bad = r#"(module (@custom "linking" "\01"))"#;
    let error = with_custom(bad, "linking", |custom| custom.known().expect_err("version 1").to_string());
    assert_eq!(error, "unknown version of a custom section: expected 2, found 0x1 (at offset 0x12)");
}
