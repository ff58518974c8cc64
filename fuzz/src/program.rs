//! Generated programs whose meaning is known beforehand, run in every way that must not matter.
//!
//! A program exports a function `main` without parameters and results, globals of type `i32`, and perhaps tags.

use whimbrel::{AsContextMut, Caller, Config, Engine, Error, Exception, Extern, Func, GcStress, Instance, Module, ResumableCall, Store};

/// What a program does, as its model foresees it and as its runs show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// `returned`, a trap's text, or the exported name and the payload of an exception.
    pub end: String,
    /// The exported globals, in the order of their names.
    pub globals: Vec<i32>,
}

/// How a program is run.
struct Way {
    name: &'static str,
    set: fn(&mut Config),
    fuel: Fuel,
}

#[derive(Clone, Copy)]
enum Fuel {
    Uncounted,
    Plenty,
    /// So many units at a time: the call is suspended and resumed where they are used up.
    Slices(u64),
}

const WAYS: &[Way] = &[
    Way { name: "plainly", set: |_| {}, fuel: Fuel::Uncounted },
    Way { name: "without pins", set: |config| _ = config.pinning(false), fuel: Fuel::Uncounted },
    Way { name: "without sequences", set: |config| _ = config.fusion(false), fuel: Fuel::Uncounted },
    Way { name: "with plenty of fuel", set: |_| {}, fuel: Fuel::Plenty },
    Way { name: "in slices", set: |_| {}, fuel: Fuel::Slices(7) },
    Way {
        name: "with whole collections",
        set: |config| _ = config.gc_stress(GcStress::Whole),
        fuel: Fuel::Uncounted,
    },
    Way {
        name: "with steps of collections, in slices",
        set: |config| _ = config.gc_stress(GcStress::Steps),
        fuel: Fuel::Slices(23),
    },
];

const STACK_SLOTS: usize = 8192;

/// Runs the program of the text in every way.
///
/// # Panics
///
/// If the text is not a valid module, or it does anything but what is `foreseen`.
pub fn check(text: &str, foreseen: &Seen) {
    let bytes = wat::parse_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    for way in WAYS {
        let seen = run(&bytes, way).unwrap_or_else(|error| panic!("{error:?}\n{text}"));
        assert_eq!(&seen, foreseen, "run {}:\n{text}", way.name);
    }
}

fn run(bytes: &[u8], way: &Way) -> Result<Seen, Error> {
    let mut config = Config::new();
    (way.set)(&mut config);
    // No program goes deep, and a large stack takes a sanitiser long to make.
    config.max_stack_slots(STACK_SLOTS);
    config.consume_fuel(!matches!(way.fuel, Fuel::Uncounted));
    let engine = Engine::new(&config)?;
    let module = Module::from_binary(&engine, bytes)?;
    let mut store = Store::new(&engine, ());
    let imports: Vec<Extern> = module
        .imports()
        .map(|_| Func::wrap(&mut store, |mut caller: Caller<'_, ()>| _ = caller.as_context_mut().gc()))
        .map(Extern::Func)
        .collect();
    match way.fuel {
        Fuel::Uncounted => {}
        Fuel::Plenty => store.set_fuel(u64::MAX)?,
        Fuel::Slices(units) => store.set_fuel(units)?,
    }
    let instance = Instance::new(&mut store, &module, &imports)?;
    let main = instance.get_func(&mut store, "main").expect("programs export `main`");
    let end = match call(&mut store, &main, way.fuel) {
        Ok(()) => "returned".to_owned(),
        Err(error) => end(&mut store, &instance, &error),
    };
    let mut globals: Vec<(String, i32)> = instance
        .exports(&mut store)
        .filter_map(|export| Some((export.name().to_owned(), export.into_extern().into_global()?)))
        .collect::<Vec<_>>()
        .into_iter()
        .map(|(name, global)| (name, global.get(&mut store).unwrap_i32()))
        .collect();
    globals.sort();
    Ok(Seen { end, globals: globals.into_iter().map(|(_, value)| value).collect() })
}

fn call(store: &mut Store<()>, main: &Func, fuel: Fuel) -> Result<(), Error> {
    let mut call = main.call_resumable(&mut *store, &[], &mut [])?;
    // A whole collection takes long beside a slice; a few are as good as many.
    let mut collections = 8;
    while let ResumableCall::Suspended(suspended) = call {
        let Fuel::Slices(units) = fuel else { panic!("nothing stops the call") };
        assert_eq!(store.get_fuel()?, 0, "a call is suspended where the fuel is used up");
        if collections > 0 {
            collections -= 1;
            store.gc();
        }
        store.set_fuel(units)?;
        call = suspended.resume(&mut *store, &mut [])?;
    }
    Ok(())
}

fn end(store: &mut Store<()>, instance: &Instance, error: &Error) -> String {
    if let Some(trap) = error.as_trap() {
        return trap.to_string();
    }
    let Some(exception) = error.downcast_ref::<Exception>() else { panic!("neither trap nor exception: {error:?}") };
    let tags = instance.exports(&mut *store).filter_map(|export| match (export.name().to_owned(), export.into_extern()) {
        (name, Extern::Tag(tag)) => Some((name, tag)),
        _ => None,
    });
    let name = tags.into_iter().find(|(_, tag)| tag == exception.tag()).map(|(name, _)| name);
    exception_end(&name.expect("programs export their tags"), &exception.payload().iter().map(payload).collect::<Vec<_>>())
}

fn payload(value: &whimbrel::Val) -> i64 {
    match value {
        whimbrel::Val::I32(value) => (*value).into(),
        whimbrel::Val::I64(value) => *value,
        other => panic!("programs throw integers, not {other:?}"),
    }
}

/// How a run ends that an exception leaves.
#[must_use]
pub fn exception_end(tag: &str, payload: &[i64]) -> String {
    format!("exception {tag} {payload:?}")
}
