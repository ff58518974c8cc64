//! Programs that make structures and arrays, link and drop them, and a model that says what they read back.

use std::fmt::Write as _;

use arbitrary::{Arbitrary, Result, Unstructured};

use crate::program::Seen;

/// Calls and rounds of loops after which a program ends in a trap.
const STEPS: i32 = 120;
const DEPTH: u32 = 3;
/// Locals of each kind, and elements of the table.
const LOCALS: u8 = 3;
const TABLE: u8 = 4;

/// A statement. Locals are `n` (nodes), `a` (anything), `r` (arrays of anything), `b` (arrays of bytes); numbers are taken modulo
/// what there is. What would trap is skipped.
#[derive(Clone, Copy, Debug, Arbitrary)]
enum Op {
    /// `n[to] = node(value, n[next], a[any])`.
    NewNode { to: u8, value: i8, next: u8, any: u8 },
    SetNext { node: u8, next: u8 },
    GetNext { to: u8, node: u8 },
    SetAny { node: u8, any: u8 },
    GetAny { to: u8, node: u8 },
    AddValue { node: u8 },
    /// `r[to]`, of so many copies of `a[any]`.
    NewRefs { to: u8, len: u8, any: u8 },
    SetRef { array: u8, index: u8, any: u8 },
    GetRef { to: u8, array: u8, index: u8 },
    CopyRefs { to: u8, from: u8 },
    FillRefs { array: u8, any: u8 },
    NewBytes { to: u8, len: u16, byte: u8 },
    SetByte { array: u8, index: u16, byte: u8 },
    AddByte { array: u8, index: u16 },
    /// `a[to]` becomes `n[from]`, `r[from]`, `b[from]` or a small integer, through `externref` and back for odd kinds.
    ToAny { to: u8, kind: u8, from: u8 },
    /// `n[to]`, `r[to]` or `b[to]` becomes `a[from]`, where that is of the kind.
    FromAny { to: u8, kind: u8, from: u8 },
    AddKind { any: u8 },
    SetTable { index: u8, any: u8 },
    GetTable { to: u8, index: u8 },
    NullNode { to: u8 },
    NullAny { to: u8 },
    /// The embedder collects.
    Collect,
}

#[derive(Debug)]
enum Stmt {
    Op(Op),
    Loop(u8, Vec<Stmt>),
    /// Calls a function with `n[0]` and `a[0]`, and puts what it returns, its own `a[1]`, into `a[1]`.
    Call(u8),
}

/// A program: function 0 is `main`.
#[derive(Debug)]
pub struct Program(Vec<Vec<Stmt>>);

impl<'a> Arbitrary<'a> for Program {
    fn arbitrary(random: &mut Unstructured<'a>) -> Result<Self> {
        let funcs = random.int_in_range(1..=3)?;
        Ok(Self((0..funcs).map(|_| stmts(random, DEPTH)).collect::<Result<_>>()?))
    }
}

fn stmts(random: &mut Unstructured<'_>, depth: u32) -> Result<Vec<Stmt>> {
    let len = random.int_in_range(0..=10)?;
    (0..len)
        .map(|_| {
            Ok(match random.int_in_range(0..=11)? {
                0 if depth > 0 => Stmt::Loop(random.int_in_range(1..=6)?, stmts(random, depth - 1)?),
                1 => Stmt::Call(random.arbitrary()?),
                _ => Stmt::Op(random.arbitrary()?),
            })
        })
        .collect()
}

const HEAD: &str = r#"(module
  (import "" "collect" (func $collect))
  (rec (type $node (struct (field $value (mut i8)) (field $next (mut (ref null $node))) (field $any (mut anyref)))))
  (type $refs (array (mut anyref)))
  (type $bytes (array (mut i8)))
  (table $t 4 anyref)
  (global $sum (export "sum") (mut i32) (i32.const 0)) (global $steps (mut i32) (i32.const 0))
  (func $step (global.set $steps (i32.add (global.get $steps) (i32.const 1)))
    (if (i32.gt_s (global.get $steps) (i32.const 120)) (then unreachable)))
  (func $add (param i32)
    (global.set $sum (i32.add (i32.mul (global.get $sum) (i32.const 31)) (local.get 0))))
  (func $kind (param anyref) (result i32)
    (if (ref.is_null (local.get 0)) (then (return (i32.const 0))))
    (if (ref.test (ref i31) (local.get 0)) (then (return (i31.get_s (ref.cast (ref i31) (local.get 0))))))
    (if (ref.test (ref $node) (local.get 0))
      (then (return (struct.get_s $node $value (ref.cast (ref $node) (local.get 0))))))
    (array.len (ref.cast (ref array) (local.get 0))))
  (func (export "main") (drop (call $f0 (ref.null $node) (ref.null any))))
"#;

impl Program {
    /// The program as a module's text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = HEAD.to_owned();
        for (n, body) in self.0.iter().enumerate() {
            write!(text, "  (func $f{n} (param $n0 (ref null $node)) (param $a0 anyref) (result anyref)").expect("a string");
            for n in 0..LOCALS {
                if n > 0 {
                    text += &format!(" (local $n{n} (ref null $node)) (local $a{n} anyref)");
                }
                text += &format!(" (local $r{n} (ref null $refs)) (local $b{n} (ref null $bytes))");
            }
            text += &(0..=DEPTH).map(|n| format!(" (local $c{n} i32)")).collect::<String>();
            text += "\n    (call $step)";
            self.emit_all(&mut text, body, 0);
            for n in 0..LOCALS {
                emit_op(&mut text, Op::AddValue { node: n });
                emit_op(&mut text, Op::AddKind { any: n });
                emit_op(&mut text, Op::AddByte { array: n, index: 1 });
            }
            text += "\n    (local.get $a1))\n";
        }
        text + ")"
    }

    fn emit_all(&self, text: &mut String, stmts: &[Stmt], depth: usize) {
        for stmt in stmts {
            match stmt {
                Stmt::Op(op) => emit_op(text, *op),
                Stmt::Loop(rounds, body) => {
                    *text += &format!("\n    (local.set $c{depth} (i32.const {rounds})) (loop $l{depth} (call $step)");
                    self.emit_all(text, body, depth + 1);
                    *text += &format!(
                        "\n    (br_if $l{depth} (local.tee $c{depth} (i32.sub (local.get $c{depth}) (i32.const 1)))))"
                    );
                }
                Stmt::Call(func) => {
                    let func = usize::from(*func) % self.0.len();
                    *text += &format!("\n    (local.set $a1 (call $f{func} (local.get $n0) (local.get $a0)))");
                }
            }
        }
    }

    /// What the program does.
    #[must_use]
    pub fn foresee(&self) -> Seen {
        let mut state = State::default();
        let end = match self.call(&mut state, 0, Any::Null, Any::Null) {
            Some(_) => "returned",
            None => "unreachable",
        };
        Seen { end: end.to_owned(), globals: vec![state.sum] }
    }

    fn call(&self, state: &mut State, func: usize, node: Any, any: Any) -> Option<Any> {
        state.step()?;
        let mut locals = Locals::default();
        (locals.n[0], locals.a[0]) = (node, any);
        self.run_all(state, &mut locals, &self.0[func])?;
        for n in 0..LOCALS {
            state.run(&mut locals, Op::AddValue { node: n });
            state.run(&mut locals, Op::AddKind { any: n });
            state.run(&mut locals, Op::AddByte { array: n, index: 1 });
        }
        Some(locals.a[1])
    }

    fn run_all(&self, state: &mut State, locals: &mut Locals, stmts: &[Stmt]) -> Option<()> {
        for stmt in stmts {
            match stmt {
                Stmt::Op(op) => state.run(locals, *op),
                Stmt::Loop(rounds, body) => {
                    for _ in 0..*rounds {
                        state.step()?;
                        self.run_all(state, locals, body)?;
                    }
                }
                Stmt::Call(func) => {
                    let (node, any) = (locals.n[0], locals.a[0]);
                    locals.a[1] = self.call(state, usize::from(*func) % self.0.len(), node, any)?;
                }
            }
        }
        Some(())
    }
}

/// The name of a local.
fn local(kind: char, n: u8) -> String {
    format!("${kind}{}", n % LOCALS)
}

/// How long an array of bytes is: mostly short, now and then with a block of its own.
fn bytes_len(len: u16) -> u32 {
    if len.is_multiple_of(16) { u32::from(len % 20_000) + 2 } else { u32::from(len % 64) + 2 }
}

fn refs_len(len: u8) -> u32 {
    u32::from(len % 40) + 1
}

/// The local's name and its kind's type, for conversions from and to anything.
fn kind(kind: u8) -> Option<(char, &'static str)> {
    [Some(('n', "$node")), Some(('r', "$refs")), Some(('b', "$bytes")), None][usize::from(kind / 2 % 4)]
}

fn emit_op(text: &mut String, op: Op) {
    // A statement, within a block that it leaves if a local is null.
    let unless_null = |local: &str, stmt: String| {
        format!("(block (br_if 0 (ref.is_null (local.get {local}))) {stmt})")
    };
    let at = |array: &str, index: u32| format!("(i32.rem_u (i32.const {index}) (array.len (local.get {array})))");
    *text += "\n    ";
    *text += &match op {
        Op::NewNode { to, value, next, any } => {
            let (to, next, any) = (local('n', to), local('n', next), local('a', any));
            format!("(local.set {to} (struct.new $node (i32.const {value}) (local.get {next}) (local.get {any})))")
        }
        Op::SetNext { node, next } => {
            let (node, next) = (local('n', node), local('n', next));
            unless_null(&node, format!("(struct.set $node $next (local.get {node}) (local.get {next}))"))
        }
        Op::GetNext { to, node } => {
            let (to, node) = (local('n', to), local('n', node));
            unless_null(&node, format!("(local.set {to} (struct.get $node $next (local.get {node})))"))
        }
        Op::SetAny { node, any } => {
            let (node, any) = (local('n', node), local('a', any));
            unless_null(&node, format!("(struct.set $node $any (local.get {node}) (local.get {any}))"))
        }
        Op::GetAny { to, node } => {
            let (to, node) = (local('a', to), local('n', node));
            unless_null(&node, format!("(local.set {to} (struct.get $node $any (local.get {node})))"))
        }
        Op::AddValue { node } => {
            let node = local('n', node);
            unless_null(&node, format!("(call $add (struct.get_u $node $value (local.get {node})))"))
        }
        Op::NewRefs { to, len, any } => {
            let (to, any, len) = (local('r', to), local('a', any), refs_len(len));
            format!("(local.set {to} (array.new $refs (local.get {any}) (i32.const {len})))")
        }
        Op::SetRef { array, index, any } => {
            let (array, any) = (local('r', array), local('a', any));
            let at = at(&array, index.into());
            unless_null(&array, format!("(array.set $refs (local.get {array}) {at} (local.get {any}))"))
        }
        Op::GetRef { to, array, index } => {
            let (to, array) = (local('a', to), local('r', array));
            let at = at(&array, index.into());
            unless_null(&array, format!("(local.set {to} (array.get $refs (local.get {array}) {at}))"))
        }
        Op::CopyRefs { to, from } => {
            let (to, from) = (local('r', to), local('r', from));
            let (to_len, from_len) = (format!("(array.len (local.get {to}))"), format!("(array.len (local.get {from}))"));
            let len = format!("(select {to_len} {from_len} (i32.lt_u {to_len} {from_len}))");
            let copy = format!(
                "(array.copy $refs $refs (local.get {to}) (i32.sub {to_len} {len}) (local.get {from}) (i32.const 0) {len})"
            );
            unless_null(&to, unless_null(&from, copy))
        }
        Op::FillRefs { array, any } => {
            let (array, any) = (local('r', array), local('a', any));
            let len = format!("(array.len (local.get {array}))");
            unless_null(
                &array,
                format!("(array.fill $refs (local.get {array}) (i32.const 0) (local.get {any}) {len})"),
            )
        }
        Op::NewBytes { to, len, byte } => {
            let (to, len) = (local('b', to), bytes_len(len));
            format!("(local.set {to} (array.new $bytes (i32.const {byte}) (i32.const {len})))")
        }
        Op::SetByte { array, index, byte } => {
            let array = local('b', array);
            let at = at(&array, index.into());
            unless_null(&array, format!("(array.set $bytes (local.get {array}) {at} (i32.const {byte}))"))
        }
        Op::AddByte { array, index } => {
            let array = local('b', array);
            let at = at(&array, index.into());
            unless_null(&array, format!("(call $add (array.get_s $bytes (local.get {array}) {at}))"))
        }
        Op::ToAny { to, kind: which, from } => {
            let value = match kind(which) {
                Some((kind, _)) => format!("(local.get {})", local(kind, from)),
                None => format!("(ref.i31 (i32.const {from}))"),
            };
            let value = if which % 2 == 1 { format!("(any.convert_extern (extern.convert_any {value}))") } else { value };
            format!("(local.set {} {value})", local('a', to))
        }
        Op::FromAny { to, kind: which, from } => match kind(which) {
            Some((kind, ty)) => {
                let (to, from) = (local(kind, to), local('a', from));
                let cast = format!("(local.set {to} (ref.cast (ref {ty}) (local.get {from})))");
                format!("(if (ref.test (ref {ty}) (local.get {from})) (then {cast}))")
            }
            None => String::new(),
        },
        Op::AddKind { any } => format!("(call $add (call $kind (local.get {})))", local('a', any)),
        Op::SetTable { index, any } => {
            format!("(table.set $t (i32.const {}) (local.get {}))", index % TABLE, local('a', any))
        }
        Op::GetTable { to, index } => {
            format!("(local.set {} (table.get $t (i32.const {})))", local('a', to), index % TABLE)
        }
        Op::NullNode { to } => format!("(local.set {} (ref.null $node))", local('n', to)),
        Op::NullAny { to } => format!("(local.set {} (ref.null any))", local('a', to)),
        Op::Collect => "(call $collect)".to_owned(),
    };
}

/// A reference: objects by their position among those made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Any {
    #[default]
    Null,
    Small(i32),
    Object(usize),
}

#[derive(Debug)]
enum Object {
    Node { value: i8, next: Any, any: Any },
    Refs(Vec<Any>),
    Bytes(Vec<u8>),
}

impl Object {
    fn is(&self, kind: char) -> bool {
        matches!((self, kind), (Self::Node { .. }, 'n') | (Self::Refs(_), 'r') | (Self::Bytes(_), 'b'))
    }
}

#[derive(Default)]
struct Locals {
    n: [Any; LOCALS as usize],
    a: [Any; LOCALS as usize],
    r: [Any; LOCALS as usize],
    b: [Any; LOCALS as usize],
}

impl Locals {
    fn at(&mut self, kind: char, n: u8) -> &mut Any {
        let list = match kind {
            'n' => &mut self.n,
            'r' => &mut self.r,
            'b' => &mut self.b,
            _ => &mut self.a,
        };
        &mut list[usize::from(n % LOCALS)]
    }
}

#[derive(Default)]
struct State {
    objects: Vec<Object>,
    table: [Any; TABLE as usize],
    sum: i32,
    steps: i32,
}

impl State {
    fn step(&mut self) -> Option<()> {
        self.steps += 1;
        (self.steps <= STEPS).then_some(())
    }

    fn add(&mut self, value: i32) {
        self.sum = self.sum.wrapping_mul(31).wrapping_add(value);
    }

    fn make(&mut self, object: Object) -> Any {
        self.objects.push(object);
        Any::Object(self.objects.len() - 1)
    }

    fn node(&mut self, at: Any) -> Option<(&mut i8, &mut Any, &mut Any)> {
        let Any::Object(at) = at else { return None };
        let Object::Node { value, next, any } = &mut self.objects[at] else { return None };
        Some((value, next, any))
    }

    fn refs(&mut self, at: Any) -> Option<&mut Vec<Any>> {
        let Any::Object(at) = at else { return None };
        let Object::Refs(refs) = &mut self.objects[at] else { return None };
        Some(refs)
    }

    fn bytes(&mut self, at: Any) -> Option<&mut Vec<u8>> {
        let Any::Object(at) = at else { return None };
        let Object::Bytes(bytes) = &mut self.objects[at] else { return None };
        Some(bytes)
    }

    fn kind(&self, any: Any) -> i32 {
        match any {
            Any::Null => 0,
            Any::Small(value) => value,
            Any::Object(at) => match &self.objects[at] {
                Object::Node { value, .. } => (*value).into(),
                Object::Refs(refs) => refs.len() as i32,
                Object::Bytes(bytes) => bytes.len() as i32,
            },
        }
    }

    fn run(&mut self, locals: &mut Locals, op: Op) {
        match op {
            Op::NewNode { to, value, next, any } => {
                let (next, any) = (*locals.at('n', next), *locals.at('a', any));
                *locals.at('n', to) = self.make(Object::Node { value, next, any });
            }
            Op::SetNext { node, next } => {
                let next = *locals.at('n', next);
                self.node(*locals.at('n', node)).into_iter().for_each(|(_, to, _)| *to = next);
            }
            Op::GetNext { to, node } => {
                let next = self.node(*locals.at('n', node)).map(|(_, next, _)| *next);
                next.into_iter().for_each(|next| *locals.at('n', to) = next);
            }
            Op::SetAny { node, any } => {
                let any = *locals.at('a', any);
                self.node(*locals.at('n', node)).into_iter().for_each(|(_, _, to)| *to = any);
            }
            Op::GetAny { to, node } => {
                let any = self.node(*locals.at('n', node)).map(|(_, _, any)| *any);
                any.into_iter().for_each(|any| *locals.at('a', to) = any);
            }
            Op::AddValue { node } => {
                let value = self.node(*locals.at('n', node)).map(|(value, ..)| *value as u8);
                value.into_iter().for_each(|value| self.add(value.into()));
            }
            Op::NewRefs { to, len, any } => {
                let any = *locals.at('a', any);
                *locals.at('r', to) = self.make(Object::Refs(vec![any; refs_len(len) as usize]));
            }
            Op::SetRef { array, index, any } => {
                let any = *locals.at('a', any);
                if let Some(refs) = self.refs(*locals.at('r', array)) {
                    let len = refs.len();
                    refs[usize::from(index) % len] = any;
                }
            }
            Op::GetRef { to, array, index } => {
                if let Some(refs) = self.refs(*locals.at('r', array)) {
                    *locals.at('a', to) = refs[usize::from(index) % refs.len()];
                }
            }
            Op::CopyRefs { to, from } => {
                let Some(from) = self.refs(*locals.at('r', from)).map(|refs| refs.clone()) else { return };
                if let Some(to) = self.refs(*locals.at('r', to)) {
                    let len = to.len().min(from.len());
                    let start = to.len() - len;
                    to[start..].copy_from_slice(&from[..len]);
                }
            }
            Op::FillRefs { array, any } => {
                let any = *locals.at('a', any);
                self.refs(*locals.at('r', array)).into_iter().for_each(|refs| refs.fill(any));
            }
            Op::NewBytes { to, len, byte } => {
                *locals.at('b', to) = self.make(Object::Bytes(vec![byte; bytes_len(len) as usize]));
            }
            Op::SetByte { array, index, byte } => {
                if let Some(bytes) = self.bytes(*locals.at('b', array)) {
                    let len = bytes.len();
                    bytes[usize::from(index) % len] = byte;
                }
            }
            Op::AddByte { array, index } => {
                let byte = self.bytes(*locals.at('b', array)).map(|bytes| bytes[usize::from(index) % bytes.len()] as i8);
                byte.into_iter().for_each(|byte| self.add(byte.into()));
            }
            Op::ToAny { to, kind: which, from } => {
                *locals.at('a', to) = match kind(which) {
                    Some((kind, _)) => *locals.at(kind, from),
                    None => Any::Small(from.into()),
                };
            }
            Op::FromAny { to, kind: which, from } => {
                let any = *locals.at('a', from);
                if let (Some((kind, _)), Any::Object(at)) = (kind(which), any)
                    && self.objects[at].is(kind)
                {
                    *locals.at(kind, to) = any;
                }
            }
            Op::AddKind { any } => {
                let kind = self.kind(*locals.at('a', any));
                self.add(kind);
            }
            Op::SetTable { index, any } => self.table[usize::from(index % TABLE)] = *locals.at('a', any),
            Op::GetTable { to, index } => *locals.at('a', to) = self.table[usize::from(index % TABLE)],
            Op::NullNode { to } => *locals.at('n', to) = Any::Null,
            Op::NullAny { to } => *locals.at('a', to) = Any::Null,
            Op::Collect => {}
        }
    }
}
