//! Programs that throw and catch, and a model that says what they do.

use std::fmt::Write as _;

use arbitrary::{Arbitrary, Result, Unstructured};

use crate::program::{Seen, exception_end};

/// Units of work after which a program ends in a trap: calls and rounds of loops.
const STEPS: i32 = 200;
/// How deep statements are nested.
const DEPTH: u32 = 4;
const TAGS: u8 = 3;

/// A statement. State is a global `acc`, a local `x` of each call, a global `exn`, the exception caught last by reference.
#[derive(Debug)]
enum Stmt {
    /// `acc = acc * 31 + c`.
    Acc(i8),
    /// `x = x * 3 + acc`, `acc ^= x`.
    Local,
    Throw(u8),
    /// Throws if a bit of `acc` is set.
    ThrowIf(u8, u8),
    /// Throws `exn`, unless it is null.
    ThrowRef,
    Call(u8),
    Return,
    Loop(u8, Vec<Stmt>),
    Try(Vec<Stmt>, Vec<Catch>),
    /// The older `try`, with `catch`es of tags, perhaps a `catch_all`, each perhaps ending in `rethrow`.
    Legacy(Vec<Stmt>, Vec<(u8, Vec<Stmt>, bool)>, Option<(Vec<Stmt>, bool)>),
    /// The older `try` whose exceptions leave the function.
    Delegate(Vec<Stmt>),
}

#[derive(Clone, Copy, Debug, Arbitrary)]
struct Catch {
    /// All tags, if it is none.
    tag: u8,
    by_ref: bool,
}

impl Catch {
    fn tag(self) -> Option<u8> {
        (self.tag % (TAGS + 1) < TAGS).then_some(self.tag % (TAGS + 1))
    }
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
    let len = random.int_in_range(0..=4)?;
    (0..len).map(|_| stmt(random, depth)).collect()
}

fn stmt(random: &mut Unstructured<'_>, depth: u32) -> Result<Stmt> {
    let kinds = if depth == 0 { 7 } else { 12 };
    Ok(match random.int_in_range(0..=kinds - 1)? {
        0 => Stmt::Acc(random.arbitrary()?),
        1 => Stmt::Local,
        2 => Stmt::Throw(random.int_in_range(0..=TAGS - 1)?),
        3 => Stmt::ThrowIf(random.int_in_range(0..=TAGS - 1)?, random.int_in_range(0..=31)?),
        4 => Stmt::ThrowRef,
        5 => Stmt::Call(random.arbitrary()?),
        6 => Stmt::Return,
        7 => Stmt::Loop(random.int_in_range(1..=5)?, stmts(random, depth - 1)?),
        8 | 9 => Stmt::Try(stmts(random, depth - 1)?, arbitrary_vec(random, 3)?),
        10 => {
            let len = random.int_in_range(0..=2)?;
            let catches = (0..len)
                .map(|_| Ok((random.int_in_range(0..=TAGS - 1)?, stmts(random, depth - 1)?, random.ratio(1, 4)?)))
                .collect::<Result<_>>()?;
            let all = random.arbitrary::<bool>()?.then(|| Ok((stmts(random, depth - 1)?, random.ratio(1, 4)?)));
            Stmt::Legacy(stmts(random, depth - 1)?, catches, all.transpose()?)
        }
        _ => Stmt::Delegate(stmts(random, depth - 1)?),
    })
}

fn arbitrary_vec<'a, T: Arbitrary<'a>>(random: &mut Unstructured<'a>, max: usize) -> Result<Vec<T>> {
    let len = random.int_in_range(0..=max)?;
    (0..len).map(|_| random.arbitrary()).collect()
}

/// Payloads are made of `acc`, and added to it where they are caught.
const THROW: [&str; TAGS as usize] = [
    "(throw $t0 (global.get $acc))",
    "(throw $t1)",
    "(throw $t2 (i64.mul (i64.extend_i32_s (global.get $acc)) (i64.const 0x100000001)) (global.get $acc))",
];
const PAYLOAD: [&str; TAGS as usize] = ["i32", "", "i64 i32"];
/// What becomes of a payload on the operand stack.
const TAKE: [&str; TAGS as usize] = [
    "(global.set $acc (i32.add (i32.mul (global.get $acc) (i32.const 7))))",
    "(global.set $acc (i32.add (global.get $acc) (i32.const 1)))",
    "(global.set $acc (i32.add (global.get $acc))) (global.set $acc (i32.xor (i32.wrap_i64) (global.get $acc)))",
];

impl Program {
    /// The program as a module's text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::from(
            r#"(module
  (tag $t0 (export "t0") (param i32)) (tag $t1 (export "t1")) (tag $t2 (export "t2") (param i64 i32))
  (global $acc (export "acc") (mut i32) (i32.const 1)) (global $steps (mut i32) (i32.const 0))
  (global $exn (mut exnref) (ref.null exn)) (global $sum (export "x") (mut i32) (i32.const 0))
  (func $step (global.set $steps (i32.add (global.get $steps) (i32.const 1)))
    (if (i32.gt_s (global.get $steps) (i32.const LIMIT)) (then unreachable)))
  (func (export "main") (call $f0))
"#,
        )
        .replace("LIMIT", &STEPS.to_string());
        for (n, body) in self.0.iter().enumerate() {
            // A local for each depth of loops keeps the rounds.
            let rounds: String = (0..=DEPTH).map(|n| format!(" (local $r{n} i32)")).collect();
            write!(text, "  (func $f{n} (local $x i32){rounds} (call $step) (block $out ").expect("a string takes any text");
            self.emit_all(&mut text, body, 0);
            text += ")\n    (global.set $sum (i32.add (global.get $sum) (local.get $x))))\n";
        }
        text + ")"
    }

    fn emit_all(&self, text: &mut String, stmts: &[Stmt], depth: usize) {
        stmts.iter().for_each(|stmt| self.emit(text, stmt, depth));
    }

    fn emit(&self, text: &mut String, stmt: &Stmt, depth: usize) {
        match stmt {
            Stmt::Acc(c) => {
                *text += &format!("(global.set $acc (i32.add (i32.mul (global.get $acc) (i32.const 31)) (i32.const {c})))");
            }
            Stmt::Local => {
                *text += "(local.set $x (i32.add (i32.mul (local.get $x) (i32.const 3)) (global.get $acc)))";
                *text += "(global.set $acc (i32.xor (global.get $acc) (local.get $x)))";
            }
            Stmt::Throw(tag) => *text += THROW[usize::from(*tag)],
            Stmt::ThrowIf(tag, bit) => {
                let throw = THROW[usize::from(*tag)];
                *text += &format!("(if (i32.and (global.get $acc) (i32.const {})) (then {throw}))", 1i32 << bit);
            }
            Stmt::ThrowRef => *text += "(if (i32.eqz (ref.is_null (global.get $exn))) (then (throw_ref (global.get $exn))))",
            Stmt::Call(func) => *text += &format!("(call $f{})", usize::from(*func) % self.0.len()),
            Stmt::Return => *text += "(br $out)",
            Stmt::Loop(rounds, body) => {
                *text += &format!("(local.set $r{depth} (i32.const {rounds}))(loop $l{depth} (call $step)");
                self.emit_all(text, body, depth + 1);
                *text += &format!(
                    "(br_if $l{depth} (local.tee $r{depth} (i32.sub (local.get $r{depth}) (i32.const 1)))))"
                );
            }
            Stmt::Try(body, catches) => self.emit_try(text, body, catches, depth),
            Stmt::Legacy(body, catches, all) => {
                *text += &format!(" try $y{depth} ");
                self.emit_all(text, body, depth + 1);
                for (tag, handler, rethrow) in catches {
                    *text += &format!(" catch $t{tag} {}", TAKE[usize::from(*tag)]);
                    self.emit_handler(text, handler, *rethrow, depth);
                }
                if let Some((handler, rethrow)) = all {
                    *text += " catch_all ";
                    self.emit_handler(text, handler, *rethrow, depth);
                }
                *text += " end ";
            }
            Stmt::Delegate(body) => {
                *text += " try ";
                self.emit_all(text, body, depth + 1);
                // To the body of the function: what encloses the `try` has no part in it.
                *text += " delegate $out ";
            }
        }
    }

    fn emit_handler(&self, text: &mut String, handler: &[Stmt], rethrow: bool, depth: usize) {
        self.emit_all(text, handler, depth + 1);
        if rethrow {
            *text += &format!(" rethrow $y{depth} ");
        }
    }

    fn emit_try(&self, text: &mut String, body: &[Stmt], catches: &[Catch], depth: usize) {
        *text += &format!("(block $b{depth} ");
        for (n, catch) in catches.iter().enumerate().rev() {
            let payload = catch.tag().map_or("", |tag| PAYLOAD[usize::from(tag)]);
            let exn = if catch.by_ref { "exnref" } else { "" };
            *text += &format!("(block $c{depth}_{n} (result {payload} {exn}) ");
        }
        *text += "(try_table ";
        for (n, catch) in catches.iter().enumerate() {
            let by_ref = if catch.by_ref { "_ref" } else { "" };
            match catch.tag() {
                Some(tag) => *text += &format!("(catch{by_ref} $t{tag} $c{depth}_{n})"),
                None => *text += &format!("(catch_all{by_ref} $c{depth}_{n})"),
            }
        }
        self.emit_all(text, body, depth + 1);
        *text += &format!(") (br $b{depth}))");
        for (n, catch) in catches.iter().enumerate() {
            if catch.by_ref {
                *text += "(global.set $exn)";
            }
            if let Some(tag) = catch.tag() {
                *text += TAKE[usize::from(tag)];
            }
            if n + 1 < catches.len() {
                *text += &format!("(br $b{depth}))");
            } else {
                *text += ")";
            }
        }
    }

    /// What the program does.
    #[must_use]
    pub fn foresee(&self) -> Seen {
        let mut state = State { acc: 1, steps: 0, exn: None, sum: 0 };
        let end = match self.call(&mut state, 0) {
            Ok(()) => "returned".to_owned(),
            Err(End::Trap) => "unreachable".to_owned(),
            Err(End::Exn(exn)) => exception_end(&format!("t{}", exn.tag), &exn.payload),
        };
        Seen { end, globals: vec![state.acc, state.sum] }
    }

    fn call(&self, state: &mut State, func: usize) -> std::result::Result<(), End> {
        state.step()?;
        let mut x = 0;
        match self.run_all(state, &mut x, &self.0[func]) {
            Ok(()) | Err(Flow::Return) => {
                state.sum = state.sum.wrapping_add(x);
                Ok(())
            }
            Err(Flow::Throw(exn) | Flow::Leave(exn)) => Err(End::Exn(exn)),
            Err(Flow::Trap) => Err(End::Trap),
        }
    }

    fn run_all(&self, state: &mut State, x: &mut i32, stmts: &[Stmt]) -> std::result::Result<(), Flow> {
        stmts.iter().try_for_each(|stmt| self.run(state, x, stmt))
    }

    fn run(&self, state: &mut State, x: &mut i32, stmt: &Stmt) -> std::result::Result<(), Flow> {
        match stmt {
            Stmt::Acc(c) => state.acc = state.acc.wrapping_mul(31).wrapping_add((*c).into()),
            Stmt::Local => {
                *x = x.wrapping_mul(3).wrapping_add(state.acc);
                state.acc ^= *x;
            }
            Stmt::Throw(tag) => return Err(Flow::Throw(state.throw(*tag))),
            Stmt::ThrowIf(tag, bit) if state.acc >> bit & 1 == 1 => return Err(Flow::Throw(state.throw(*tag))),
            Stmt::ThrowIf(..) => {}
            Stmt::ThrowRef => {
                if let Some(exn) = &state.exn {
                    return Err(Flow::Throw(exn.clone()));
                }
            }
            Stmt::Call(func) => self.call(state, usize::from(*func) % self.0.len())?,
            Stmt::Return => return Err(Flow::Return),
            Stmt::Loop(rounds, body) => {
                for _ in 0..*rounds {
                    state.step()?;
                    self.run_all(state, x, body)?;
                }
            }
            Stmt::Try(body, catches) => {
                let Err(Flow::Throw(exn)) = settle(self.run_all(state, x, body))? else { return Ok(()) };
                let Some(catch) = catches.iter().find(|catch| catch.tag().is_none_or(|tag| tag == exn.tag)) else {
                    return Err(Flow::Throw(exn));
                };
                if catch.by_ref {
                    state.exn = Some(exn.clone());
                }
                if catch.tag().is_some() {
                    state.take(&exn);
                }
            }
            Stmt::Legacy(body, catches, all) => {
                let Err(Flow::Throw(exn)) = settle(self.run_all(state, x, body))? else { return Ok(()) };
                let rethrow = match catches.iter().find(|(tag, ..)| *tag == exn.tag) {
                    Some((_, handler, rethrow)) => {
                        state.take(&exn);
                        self.run_all(state, x, handler)?;
                        *rethrow
                    }
                    None => match all {
                        Some((handler, rethrow)) => {
                            self.run_all(state, x, handler)?;
                            *rethrow
                        }
                        None => true,
                    },
                };
                if rethrow {
                    return Err(Flow::Throw(exn));
                }
            }
            Stmt::Delegate(body) => match self.run_all(state, x, body) {
                Err(Flow::Throw(exn)) => return Err(Flow::Leave(exn)),
                other => return other,
            },
        }
        Ok(())
    }
}

/// A body's result, to be looked at if an exception has left it, otherwise passed on.
fn settle(result: std::result::Result<(), Flow>) -> std::result::Result<std::result::Result<(), Flow>, Flow> {
    match result {
        Ok(()) | Err(Flow::Throw(_)) => Ok(result),
        Err(other) => Err(other),
    }
}

struct State {
    acc: i32,
    steps: i32,
    exn: Option<Exn>,
    sum: i32,
}

#[derive(Clone)]
struct Exn {
    tag: u8,
    payload: Vec<i64>,
}

/// How a statement ends, if not by going on.
enum Flow {
    Throw(Exn),
    /// An exception that nothing in this function catches.
    Leave(Exn),
    Return,
    Trap,
}

enum End {
    Exn(Exn),
    Trap,
}

impl From<End> for Flow {
    fn from(end: End) -> Self {
        match end {
            End::Exn(exn) => Self::Throw(exn),
            End::Trap => Self::Trap,
        }
    }
}

impl State {
    fn step(&mut self) -> std::result::Result<(), End> {
        self.steps += 1;
        if self.steps > STEPS { Err(End::Trap) } else { Ok(()) }
    }

    fn throw(&self, tag: u8) -> Exn {
        let acc = i64::from(self.acc);
        let payload = match tag {
            0 => vec![acc],
            1 => Vec::new(),
            _ => vec![acc.wrapping_mul(0x1_0000_0001), acc],
        };
        Exn { tag, payload }
    }

    fn take(&mut self, exn: &Exn) {
        match *exn.payload {
            [value] => self.acc = (value as i32).wrapping_add(self.acc.wrapping_mul(7)),
            [wide, value] => self.acc = wide as i32 ^ (value as i32).wrapping_add(self.acc),
            _ => self.acc = self.acc.wrapping_add(1),
        }
    }
}
