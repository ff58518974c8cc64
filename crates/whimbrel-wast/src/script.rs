//! Test scripts as plain data: the text of a `.wast` file turned into directives that own what they need.
//!
//! Reading the text is kept apart from executing it because the text parser wants a large stack and the engine must do
//! with a small one. Modules are encoded to bytes here; a module whose text is refused is a [`Source::Refused`].

use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use wast::core::{HeapType, NanPattern, V128Pattern, WastArgCore, WastRetCore};
use wast::lexer::Lexer;
use wast::parser::{self, ParseBuffer};
use wast::token::{F32, F64, Id, Span};
use wast::{QuoteWat, Wast, WastArg, WastDirective, WastExecute, WastInvoke, WastRet, Wat};

use crate::value::{Float, Hierarchy, Pattern, Value};

/// One top-level form of a script.
#[derive(Debug)]
pub struct Directive {
    /// Counted from 1.
    pub line: usize,
    pub action: Action,
}

/// What a directive asks for. Names are those of the script's modules; `None` means the latest one.
#[derive(Debug)]
pub enum Action {
    /// Define a module, and instantiate it too unless it is a `module definition`.
    Module { name: Option<String>, source: Source, instantiate: bool },
    /// Instantiate a module that was defined before.
    Instance { name: Option<String>, definition: Option<String> },
    /// Make an instance's exports importable under `name`.
    Register { name: String, module: Option<String> },
    /// Do something for its effects.
    Execute(Execute),
    /// The results match the patterns.
    AssertReturn(Execute, Vec<Pattern>),
    /// Execution traps with a message that fits.
    AssertTrap(Execute, String),
    /// Execution exhausts the call stack.
    AssertExhaustion(Execute, String),
    /// Execution ends with an exception that nothing caught.
    AssertException(Execute),
    /// Execution ends with a suspension that nothing handles.
    AssertSuspension(Execute, String),
    /// Decoding, or reading the text, fails.
    AssertMalformed(Source, String),
    /// Decoding succeeds and validation fails.
    AssertInvalid(Source, String),
    /// A custom section cannot be decoded.
    AssertMalformedCustom(Source, String),
    /// A custom section says what the module does not allow.
    AssertInvalidCustom(Source, String),
    /// The module is valid and its imports are not satisfied.
    AssertUnlinkable(Source, String),
    /// Execute directives on another thread, which sees the shared memories of one instance of this one.
    Thread { name: String, shared: Option<String>, directives: Arc<[Directive]> },
    /// Wait until another thread has ended.
    Wait(String),
    /// Something with a component, which is not for this engine.
    Component,
}

impl Action {
    /// The directive's keyword.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Module { instantiate: true, .. } => "module",
            Self::Module { .. } => "module definition",
            Self::Instance { .. } => "module instance",
            Self::Register { .. } => "register",
            Self::Execute(Execute::Get { .. }) => "get",
            Self::Execute(_) => "invoke",
            Self::AssertReturn(..) => "assert_return",
            Self::AssertTrap(..) => "assert_trap",
            Self::AssertExhaustion(..) => "assert_exhaustion",
            Self::AssertException(..) => "assert_exception",
            Self::AssertSuspension(..) => "assert_suspension",
            Self::AssertMalformed(..) => "assert_malformed",
            Self::AssertInvalid(..) => "assert_invalid",
            Self::AssertMalformedCustom(..) => "assert_malformed_custom",
            Self::AssertInvalidCustom(..) => "assert_invalid_custom",
            Self::AssertUnlinkable(..) => "assert_unlinkable",
            Self::Thread { .. } => "thread",
            Self::Wait(..) => "wait",
            Self::Component => "component",
        }
    }
}

/// Something that yields results or fails.
#[derive(Debug)]
pub enum Execute {
    /// Call an exported function.
    Invoke { module: Option<String>, name: String, args: Vec<Value> },
    /// Read an exported global.
    Get { module: Option<String>, name: String },
    /// Instantiate a module.
    Instantiate(Source),
}

/// A module as far as the text parser got.
#[derive(Debug)]
pub enum Source {
    /// The module's binary form.
    Binary(Vec<u8>),
    /// The text is not a module; the parser's complaint.
    Refused(String),
}

/// Reads a script.
///
/// # Errors
///
/// If the text is not a script, or uses what belongs to components.
pub fn parse(text: &str) -> Result<Vec<Directive>> {
    let mut lexer = Lexer::new(text);
    // Some scripts test that identifiers and strings may hold any character.
    lexer.allow_confusing_unicode(true);
    let located = |mut error: wast::Error| {
        error.set_text(text);
        anyhow!("{error}")
    };
    let buffer = ParseBuffer::new_with_lexer(lexer).map_err(located)?;
    let wast = parser::parse::<Wast<'_>>(&buffer).map_err(located)?;
    convert_all(text, wast.directives)
}

fn convert_all(text: &str, directives: Vec<WastDirective<'_>>) -> Result<Vec<Directive>> {
    directives
        .into_iter()
        .map(|directive| {
            let line = line_of(text, directive.span());
            let action = convert(text, directive).with_context(|| format!("line {line}"))?;
            Ok(Directive { line, action })
        })
        .collect()
}

fn line_of(text: &str, span: Span) -> usize {
    span.linecol_in(text).0 + 1
}

fn convert(text: &str, directive: WastDirective<'_>) -> Result<Action> {
    if is_about_component(&directive) {
        return Ok(Action::Component);
    }
    Ok(match directive {
        WastDirective::Module(module) => {
            Action::Module { name: name_of(module.name()), source: encode(module), instantiate: true }
        }
        WastDirective::ModuleDefinition(module) => {
            Action::Module { name: name_of(module.name()), source: encode(module), instantiate: false }
        }
        WastDirective::ModuleInstance { instance, module, .. } => {
            Action::Instance { name: name_of(instance), definition: name_of(module) }
        }
        WastDirective::Register { name, module, .. } => {
            Action::Register { name: name.to_owned(), module: name_of(module) }
        }
        WastDirective::Invoke(invoke) => Action::Execute(convert_invoke(invoke)?),
        WastDirective::AssertReturn { exec, results, .. } => {
            Action::AssertReturn(convert_execute(exec)?, results.into_iter().map(convert_ret).collect::<Result<_>>()?)
        }
        WastDirective::AssertTrap { exec, message, .. } => {
            Action::AssertTrap(convert_execute(exec)?, message.to_owned())
        }
        WastDirective::AssertExhaustion { call, message, .. } => {
            Action::AssertExhaustion(convert_invoke(call)?, message.to_owned())
        }
        WastDirective::AssertException { exec, .. } => Action::AssertException(convert_execute(exec)?),
        WastDirective::AssertSuspension { exec, message, .. } => {
            Action::AssertSuspension(convert_execute(exec)?, message.to_owned())
        }
        WastDirective::AssertMalformed { module, message, .. } => {
            Action::AssertMalformed(encode(module), message.to_owned())
        }
        WastDirective::AssertInvalid { module, message, .. } => {
            Action::AssertInvalid(encode(module), message.to_owned())
        }
        WastDirective::AssertMalformedCustom { module, message, .. } => {
            Action::AssertMalformedCustom(encode(module), message.to_owned())
        }
        WastDirective::AssertInvalidCustom { module, message, .. } => {
            Action::AssertInvalidCustom(encode(module), message.to_owned())
        }
        WastDirective::AssertUnlinkable { module, message, .. } => {
            Action::AssertUnlinkable(encode(QuoteWat::Wat(module)), message.to_owned())
        }
        WastDirective::Thread(thread) => Action::Thread {
            name: thread.name.name().to_owned(),
            shared: name_of(thread.shared_module),
            directives: convert_all(text, thread.directives)?.into(),
        },
        WastDirective::Wait { thread, .. } => Action::Wait(thread.name().to_owned()),
    })
}

fn is_about_component(directive: &WastDirective<'_>) -> bool {
    let is_component =
        |module: &QuoteWat<'_>| matches!(module, QuoteWat::Wat(Wat::Component(_)) | QuoteWat::QuoteComponent(..));
    match directive {
        WastDirective::Module(module)
        | WastDirective::ModuleDefinition(module)
        | WastDirective::AssertMalformed { module, .. }
        | WastDirective::AssertInvalid { module, .. } => is_component(module),
        WastDirective::AssertUnlinkable { module, .. } => matches!(module, Wat::Component(_)),
        WastDirective::AssertMalformedCustom { module, .. } | WastDirective::AssertInvalidCustom { module, .. } => {
            is_component(module)
        }
        WastDirective::AssertReturn { exec, results, .. } => {
            results.iter().any(|result| !matches!(result, WastRet::Core(_)))
                || matches!(exec, WastExecute::Wat(Wat::Component(_)))
                || matches!(exec, WastExecute::Invoke(invoke) if has_component_args(invoke))
        }
        WastDirective::Invoke(invoke) => has_component_args(invoke),
        _ => false,
    }
}

fn has_component_args(invoke: &WastInvoke<'_>) -> bool {
    invoke.args.iter().any(|arg| !matches!(arg, WastArg::Core(_)))
}

fn name_of(id: Option<Id<'_>>) -> Option<String> {
    id.map(|id| id.name().to_owned())
}

fn encode(mut module: QuoteWat<'_>) -> Source {
    match module.encode() {
        Ok(bytes) => Source::Binary(bytes),
        Err(error) => Source::Refused(error.message()),
    }
}

fn convert_execute(execute: WastExecute<'_>) -> Result<Execute> {
    Ok(match execute {
        WastExecute::Invoke(invoke) => convert_invoke(invoke)?,
        WastExecute::Get { module, global, .. } => Execute::Get { module: name_of(module), name: global.to_owned() },
        WastExecute::Wat(module @ Wat::Module(_)) => Execute::Instantiate(encode(QuoteWat::Wat(module))),
        WastExecute::Wat(Wat::Component(_)) => return Err(anyhow!("a component is not a module")),
    })
}

fn convert_invoke(invoke: WastInvoke<'_>) -> Result<Execute> {
    let args = invoke.args.into_iter().map(convert_arg).collect::<Result<_>>()?;
    Ok(Execute::Invoke { module: name_of(invoke.module), name: invoke.name.to_owned(), args })
}

fn convert_arg(arg: WastArg<'_>) -> Result<Value> {
    let WastArg::Core(arg) = arg else { return Err(anyhow!("a component's value is not a core value")) };
    Ok(match arg {
        WastArgCore::I32(value) => Value::I32(value),
        WastArgCore::I64(value) => Value::I64(value),
        WastArgCore::F32(value) => Value::F32(value.bits),
        WastArgCore::F64(value) => Value::F64(value.bits),
        WastArgCore::V128(value) => Value::V128(u128::from_le_bytes(value.to_le_bytes())),
        WastArgCore::RefNull(heap) => Value::Null(hierarchy(&heap)),
        WastArgCore::RefExtern(number) => Value::Extern(number),
        WastArgCore::RefHost(number) => Value::Host(number),
    })
}

fn convert_ret(ret: WastRet<'_>) -> Result<Pattern> {
    match ret {
        WastRet::Core(ret) => Ok(convert_pattern(ret)),
        _ => Err(anyhow!("a component's value is not a core value")),
    }
}

fn convert_pattern(ret: WastRetCore<'_>) -> Pattern {
    match ret {
        WastRetCore::I32(value) => Pattern::Value(Value::I32(value)),
        WastRetCore::I64(value) => Pattern::Value(Value::I64(value)),
        WastRetCore::F32(pattern) => Pattern::F32(float32(pattern)),
        WastRetCore::F64(pattern) => Pattern::F64(float64(pattern)),
        WastRetCore::V128(pattern) => convert_vector(&pattern),
        WastRetCore::RefNull(heap) => Pattern::Null(heap.as_ref().map(hierarchy)),
        WastRetCore::RefExtern(Some(number)) => Pattern::Value(Value::Extern(number)),
        WastRetCore::RefExtern(None) => Pattern::NonNull("extern"),
        WastRetCore::RefHost(number) => Pattern::Value(Value::Host(number)),
        WastRetCore::RefFunc(_) => Pattern::NonNull("func"),
        WastRetCore::RefAny => Pattern::NonNull("any"),
        WastRetCore::RefEq => Pattern::NonNull("eq"),
        WastRetCore::RefArray => Pattern::NonNull("array"),
        WastRetCore::RefStruct => Pattern::NonNull("struct"),
        WastRetCore::RefI31 | WastRetCore::RefI31Shared => Pattern::NonNull("i31"),
        WastRetCore::Either(cases) => Pattern::Either(cases.into_iter().map(convert_pattern).collect()),
    }
}

fn convert_vector(pattern: &V128Pattern) -> Pattern {
    fn lanes<const N: usize, const W: usize>(lanes: [[u8; W]; N]) -> Pattern {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(lanes.as_flattened());
        Pattern::Value(Value::V128(u128::from_le_bytes(bytes)))
    }
    match *pattern {
        V128Pattern::I8x16(values) => lanes(values.map(i8::to_le_bytes)),
        V128Pattern::I16x8(values) => lanes(values.map(i16::to_le_bytes)),
        V128Pattern::I32x4(values) => lanes(values.map(i32::to_le_bytes)),
        V128Pattern::I64x2(values) => lanes(values.map(i64::to_le_bytes)),
        V128Pattern::F32x4(values) => Pattern::F32x4(values.map(float32)),
        V128Pattern::F64x2(values) => Pattern::F64x2(values.map(float64)),
    }
}

fn float32(pattern: NanPattern<F32>) -> Float<u32> {
    match pattern {
        NanPattern::CanonicalNan => Float::CanonicalNan,
        NanPattern::ArithmeticNan => Float::ArithmeticNan,
        NanPattern::Value(value) => Float::Bits(value.bits),
    }
}

fn float64(pattern: NanPattern<F64>) -> Float<u64> {
    match pattern {
        NanPattern::CanonicalNan => Float::CanonicalNan,
        NanPattern::ArithmeticNan => Float::ArithmeticNan,
        NanPattern::Value(value) => Float::Bits(value.bits),
    }
}

/// A null reference's type matters only up to its hierarchy. Type indices in arguments mean function types.
fn hierarchy(heap: &HeapType<'_>) -> Hierarchy {
    use wast::core::AbstractHeapType as H;
    match heap {
        HeapType::Concrete(_) | HeapType::Exact(_) => Hierarchy::Func,
        HeapType::Abstract { ty, .. } => match ty {
            H::Func | H::NoFunc => Hierarchy::Func,
            H::Extern | H::NoExtern => Hierarchy::Extern,
            H::Exn | H::NoExn => Hierarchy::Exn,
            H::Cont | H::NoCont => Hierarchy::Cont,
            H::Any | H::Eq | H::Struct | H::Array | H::I31 | H::None => Hierarchy::Any,
        },
    }
}
