//! Instructions of the internal representation, in the form that the compiler builds and the printer shows.
//!
//! [`Code`](crate::Code) holds them encoded as 8-byte words; `encode` and `decode` are in `cell`.

use wasm_syntax::{
    AtomicOp, DataIdx, ElemIdx, FuncIdx, GlobalIdx, LaneOp, LoadOp, MemIdx, MemoryLaneOp, NumericOp, ShuffleLanes,
    StoreOp, TableIdx, TagIdx, Trap, TypeIdx, V128, VectorOp,
};

use crate::{AggregateOp, CastTest, Class, Dst, RefOp, Saves, Slot, Src, StorageOp};

/// A position in a [`Code`](crate::Code), in words from its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pos(pub u32);

/// The dynamic part of an address in memory 0 with 32-bit addresses, or in any other memory; a shared memory is never plain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Addr {
    /// `base + offset`, memory 0, 32-bit addresses. The base is a slot or the accumulator; a constant base is folded into
    /// the offset and `base` is then [`Src::Const`] of 0.
    Plain {
        /// The dynamic address.
        base: Src,
        /// Added without wrapping, in bytes.
        offset: u32,
    },
    /// `(base + displacement) mod 2^32`, memory 0, 32-bit addresses. The base is no constant.
    Wrapped {
        /// The dynamic address.
        base: Src,
        /// Added with wrapping, in bytes.
        displacement: u32,
    },
    /// `((base + (index << scale_log2)) mod 2^32) + offset`, memory 0, 32-bit addresses.
    ///
    /// At most one of `base` and `index` is the accumulator, none is a constant. `scale_log2` is 0 or the base-2 logarithm
    /// of the width accessed.
    Indexed {
        /// The array's address.
        base: Src,
        /// The element's index.
        index: Src,
        /// Base-2 logarithm of the element's size.
        scale_log2: u8,
        /// Added without wrapping, in bytes.
        offset: u32,
    },
    /// Any memory that is not shared, either address width; the engine looks the memory up.
    Far {
        /// The dynamic address.
        base: Slot,
        /// Added without wrapping, in bytes.
        offset: u64,
        /// The memory.
        memory: MemIdx,
        /// Whether addresses have 64 bits.
        memory64: bool,
    },
    /// Any shared memory; otherwise as [`Far`](Self::Far).
    Shared {
        /// The dynamic address.
        base: Slot,
        /// Added without wrapping, in bytes.
        offset: u64,
        /// The memory.
        memory: MemIdx,
        /// Whether addresses have 64 bits.
        memory64: bool,
    },
}

/// What a caller leaves behind the last word of a call, where `return` finds it at `return ip - 1`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct CallInfo {
    /// Slots between the caller's frame pointer and the callee's: the callee's parameters start there.
    pub delta: u32,
}

/// A call through a table: which function type is wanted, from where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct IndirectCallee {
    /// The table.
    pub table: TableIdx,
    /// The type that the function must have.
    pub ty: TypeIdx,
}

/// What a resumption does where the continuation stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resumption {
    /// Goes on there with the arguments as results.
    Return,
    /// Throws an exception of this tag there.
    Throw(TagIdx),
    /// Throws the exception there to which the argument refers.
    ThrowRef,
}

/// Bulk and table operations whose operands are consecutive slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SlotsOp {
    /// `a` = destination, source, length.
    MemoryCopy {
        /// Written memory.
        dst: MemIdx,
        /// Read memory.
        src: MemIdx,
    },
    /// `a` = destination, byte, length.
    MemoryFill(MemIdx),
    /// `a` = destination, source, length.
    MemoryInit(DataIdx, MemIdx),
    /// No operands.
    DataDrop(DataIdx),
    /// `a` = delta in pages; `a` becomes the old size or -1.
    MemoryGrow(MemIdx),
    /// `a` becomes the size in pages.
    MemorySize(MemIdx),
    /// `a` = index; `a` becomes the element.
    TableGet(TableIdx),
    /// `a` = index, element.
    TableSet(TableIdx),
    /// `a` = element, delta; `a` becomes the old size or -1.
    TableGrow(TableIdx),
    /// `a` becomes the size.
    TableSize(TableIdx),
    /// `a` = start, element, length.
    TableFill(TableIdx),
    /// `a` = destination, source, length.
    TableCopy {
        /// Written table.
        dst: TableIdx,
        /// Read table.
        src: TableIdx,
    },
    /// `a` = destination, source, length.
    TableInit(ElemIdx, TableIdx),
    /// No operands.
    ElemDrop(ElemIdx),
    /// `a` becomes a reference to the function.
    RefFunc(FuncIdx),
    /// A numeric op of more than two operands or more than one result, operands and results at `a`.
    Wide(NumericOp),
}

/// One instruction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Inst {
    /// Start of a function: stores the return ip, checks the stack, takes part in metering.
    Enter {
        /// Where the return ip goes: just behind the parameters and results.
        return_slot: Slot,
        /// Slots of the whole frame, the staged frames' headers included.
        frame_slots: u32,
        /// The caller's pins that it keeps.
        saves: Saves,
    },
    /// Fills the pins from slots: the integers, and with `floats` the `f64`s as well. It has no use for pins that the code
    /// does not use, and fills them from any slot.
    Pins {
        /// The integers' slots.
        ints: [Slot; 2],
        /// The `f64`s' slots.
        floats: Option<[Slot; 2]>,
    },
    /// Sets `count` slots from `first` on to zero.
    Zero {
        /// The first slot.
        first: Slot,
        /// How many.
        count: u16,
    },
    /// Copies a value; not from the accumulator into itself.
    Copy {
        /// Class of the value.
        class: Class,
        /// Destination.
        d: Dst,
        /// Source.
        a: Src,
    },
    /// A constant of 64 bits, for classes `I64` and `F64`.
    Const64 {
        /// Class of the value.
        class: Class,
        /// Destination.
        d: Dst,
        /// The bits.
        value: u64,
    },
    /// Copies `count` slots from `a` to `d` as if through a buffer.
    CopyRange {
        /// First destination.
        d: Slot,
        /// First source.
        a: Slot,
        /// How many slots.
        count: u16,
    },
    /// A numeric instruction of one operand.
    Unary {
        /// Meaning.
        op: NumericOp,
        /// Destination.
        d: Dst,
        /// Operand; never a constant.
        a: Src,
    },
    /// A numeric instruction of two operands, not both constant, not both the same accumulator.
    Binary {
        /// Meaning.
        op: NumericOp,
        /// Destination.
        d: Dst,
        /// Left operand.
        a: Src,
        /// Right operand.
        b: Src,
    },
    /// `d = cond != 0 ? a : b`.
    Select {
        /// Class of the values.
        class: Class,
        /// Destination.
        d: Dst,
        /// Value when the condition holds; not the accumulator, nor a constant of class `F64`.
        a: Src,
        /// Value when it does not; as `a`.
        b: Src,
        /// The condition; never a constant.
        cond: Src,
    },
    /// A load. Vectors are loaded into slots, and leave the accumulators as they are.
    Load {
        /// Width, extension and class.
        op: LoadOp,
        /// Destination.
        d: Dst,
        /// Address.
        addr: Addr,
    },
    /// A store. The value and the address are not both in one accumulator.
    Store {
        /// Width and class.
        op: StoreOp,
        /// Address.
        addr: Addr,
        /// Value.
        value: Src,
    },
    /// Reads a global.
    GlobalGet {
        /// Class of the value.
        class: Class,
        /// Destination.
        d: Dst,
        /// The global.
        global: GlobalIdx,
    },
    /// Writes a global.
    GlobalSet {
        /// Class of the value.
        class: Class,
        /// The global.
        global: GlobalIdx,
        /// The value.
        a: Src,
    },
    /// Continues at `target`.
    Br {
        /// Where to.
        target: Pos,
    },
    /// Continues at `target` when `cond` is not zero (or, negated, when it is).
    BrIf {
        /// The condition: a slot or the integer accumulator, 32 bits.
        cond: Src,
        /// Whether to branch on zero.
        negate: bool,
        /// Where to.
        target: Pos,
    },
    /// Continues at `target` when the test holds (or, negated, when it does not).
    BrCmp {
        /// A comparison, or `i32.and`, which holds where the operands have a bit in common.
        op: NumericOp,
        /// Whether to branch when it does not hold; only where there is no opposite ([`opposite`](crate::opposite)).
        negate: bool,
        /// Left operand.
        a: Src,
        /// Right operand.
        b: Src,
        /// Where to.
        target: Pos,
    },
    /// Continues at one of the `count` targets in the words that follow ([`Code::br_table_target`](crate::Code)), the last
    /// being the default.
    BrTable {
        /// The index: a slot or the integer accumulator, 32 bits.
        index: Src,
        /// How many targets follow.
        count: u32,
    },
    /// Calls a function of this module.
    Call {
        /// The callee.
        func: FuncIdx,
        /// Frame distance.
        info: CallInfo,
    },
    /// Calls an imported function; a [`Inst::Reload`] follows.
    CallImport {
        /// The callee.
        func: FuncIdx,
        /// Where this instance is kept while another one's function runs.
        saved: Slot,
        /// Frame distance.
        info: CallInfo,
    },
    /// Calls through a table; a [`Inst::Reload`] follows.
    CallIndirect {
        /// Which function.
        callee: IndirectCallee,
        /// The index: a slot or the integer accumulator.
        index: Src,
        /// Where this instance is kept while another one's function runs.
        saved: Slot,
        /// Frame distance.
        info: CallInfo,
    },
    /// Calls through a reference in a slot; a [`Inst::Reload`] follows.
    CallRef {
        /// The reference.
        func: Slot,
        /// Where this instance is kept while another one's function runs.
        saved: Slot,
        /// Frame distance.
        info: CallInfo,
    },
    /// Where calls that may leave the instance return to: makes the instance saved in `saved` current again.
    Reload {
        /// The same as the call's.
        saved: Slot,
        /// The same as the call's.
        info: CallInfo,
    },
    /// Replaces the frame by a call of a function of this module. Arguments are at `args`.
    ReturnCall {
        /// The callee.
        func: FuncIdx,
        /// How arguments move.
        tail: TailMove,
    },
    /// Replaces the frame by a call of an imported function.
    ReturnCallImport {
        /// The callee.
        func: FuncIdx,
        /// How arguments move.
        tail: TailMove,
    },
    /// Replaces the frame by a call through a table.
    ReturnCallIndirect {
        /// Which function.
        callee: IndirectCallee,
        /// The index.
        index: Slot,
        /// How arguments move.
        tail: TailMove,
    },
    /// Replaces the frame by a call through a reference in a slot.
    ReturnCallRef {
        /// The reference.
        func: Slot,
        /// How arguments move.
        tail: TailMove,
    },
    /// Returns; the results are in place.
    Return {
        /// Where the return ip is.
        return_slot: Slot,
        /// The caller's pins that it gives back.
        saves: Saves,
    },
    /// Returns one value, which goes to slot 0.
    ReturnValue {
        /// Class of the value.
        class: Class,
        /// The value.
        a: Src,
        /// Where the return ip is.
        return_slot: Slot,
        /// The caller's pins that it gives back.
        saves: Saves,
    },
    /// An operation on consecutive slots.
    Slots {
        /// Which.
        op: SlotsOp,
        /// The first slot.
        a: Slot,
    },
    /// A vector instruction. Operands and results are in slots, and the accumulators stay as they are; operands that the
    /// instruction does not have are slot 0.
    Vector {
        /// Meaning.
        op: VectorOp,
        /// Destination.
        d: Slot,
        /// First operand.
        a: Slot,
        /// Second operand.
        b: Slot,
        /// Third operand.
        c: Slot,
    },
    /// A vector instruction on one lane; in slots as [`Inst::Vector`].
    VectorLane {
        /// Meaning.
        op: LaneOp,
        /// Destination.
        d: Slot,
        /// The vector.
        a: Slot,
        /// The scalar of a replacement.
        b: Slot,
        /// The lane.
        lane: u8,
    },
    /// `i8x16.shuffle`; in slots as [`Inst::Vector`].
    Shuffle {
        /// Destination.
        d: Slot,
        /// Vector of lanes 0 to 15.
        a: Slot,
        /// Vector of lanes 16 to 31.
        b: Slot,
        /// The lanes to pick.
        lanes: ShuffleLanes,
    },
    /// A vector constant.
    VectorConst {
        /// Destination.
        d: Slot,
        /// The value.
        value: V128,
    },
    /// A load into, or a store from, one lane. The address is [`Addr::Plain`] with its base in a slot, [`Addr::Far`] or
    /// [`Addr::Shared`].
    MemoryLane {
        /// Meaning.
        op: MemoryLaneOp,
        /// Destination of a load; slot 0 of a store.
        d: Slot,
        /// Address.
        addr: Addr,
        /// The vector.
        vector: Slot,
        /// The lane.
        lane: u8,
    },
    /// Throws an exception.
    Throw {
        /// Its tag.
        tag: TagIdx,
        /// The first slot of its payload.
        args: Slot,
    },
    /// Throws the exception that a reference in a slot refers to.
    ThrowRef {
        /// The reference.
        exn: Slot,
    },
    /// Makes a continuation of a function; clobbers the accumulators.
    ContNew {
        /// A reference to the function; becomes one to the continuation.
        a: Slot,
    },
    /// Gives a continuation some of its arguments; clobbers the accumulators.
    ContBind {
        /// The first argument, behind the last of which is the continuation; becomes the new reference to it.
        a: Slot,
        /// How many slots the arguments take.
        args: u16,
    },
    /// Goes on with a continuation, as if it were called. Suspensions and switches meet the handlers of this place.
    Resume {
        /// The continuation.
        cont: Slot,
        /// What happens where the continuation stopped.
        how: Resumption,
        /// How many slots the arguments, or the exception's payload, take.
        args: u16,
        /// Where they start, and later the results.
        info: CallInfo,
    },
    /// Stops the continuation that runs, and goes on at the handler of its resumption.
    Suspend {
        /// What handlers know it by. The payload starts where its callee's frame would, and later the results.
        tag: TagIdx,
        /// Where that is.
        info: CallInfo,
    },
    /// Stops the continuation that runs, and goes on with another one in its place.
    Switch {
        /// What handlers know it by.
        tag: TagIdx,
        /// The continuation to go on with.
        cont: Slot,
        /// How many slots its arguments take without the last one, which is the continuation that stops.
        args: u16,
        /// The type of a function with the parameters that the continuation that stops waits for.
        ty: TypeIdx,
        /// Where the arguments start, and later the results.
        info: CallInfo,
    },
    /// Reads a structure's field. Vectors are read into slots.
    FieldGet {
        /// Width, extension and class.
        op: StorageOp,
        /// Destination.
        d: Dst,
        /// The structure: a slot or the integer accumulator.
        a: Src,
        /// Bytes from the object's start.
        offset: u32,
    },
    /// Writes a structure's field.
    FieldSet {
        /// Width and class.
        op: StorageOp,
        /// The structure.
        a: Slot,
        /// The value: a slot or the accumulator.
        value: Src,
        /// Bytes from the object's start.
        offset: u32,
    },
    /// Reads an array's element. Vectors are read into slots.
    ElemGet {
        /// Width, extension and class.
        op: StorageOp,
        /// Destination.
        d: Dst,
        /// The array.
        a: Slot,
        /// The index: a slot or the integer accumulator.
        index: Src,
    },
    /// Writes an array's element.
    ElemSet {
        /// Width and class.
        op: StorageOp,
        /// The array.
        a: Slot,
        /// The index.
        index: Slot,
        /// The value: a slot or the accumulator.
        value: Src,
    },
    /// An instruction of one reference.
    RefUnary {
        /// Meaning.
        op: RefOp,
        /// Destination.
        d: Dst,
        /// The operand: a slot or the integer accumulator.
        a: Src,
    },
    /// Tests a reference: `d` becomes 1 if it passes, else 0.
    RefTest {
        /// Destination.
        d: Dst,
        /// The reference.
        a: Slot,
        /// For what.
        test: CastTest,
    },
    /// Traps unless a reference passes a test.
    RefCast {
        /// The reference.
        a: Slot,
        /// The test.
        test: CastTest,
    },
    /// Tests whether the descriptor of a reference is a certain one, which must not be null: `d` becomes 1 if so, else 0.
    DescTest {
        /// Destination.
        d: Dst,
        /// The reference.
        a: Slot,
        /// The descriptor.
        b: Slot,
        /// Whether null passes.
        nullable: bool,
    },
    /// Makes an object, or works on a stretch of an array; clobbers the accumulators.
    Aggregate {
        /// Which.
        op: AggregateOp,
        /// The first slot.
        a: Slot,
    },
    /// An atomic access, notifying and waiting included. Operands and results are in slots, and the accumulators stay as
    /// they are; operands and results that the instruction does not have are slot 0. The address is as for
    /// [`Inst::MemoryLane`].
    Atomic {
        /// Meaning.
        op: AtomicOp,
        /// Destination.
        d: Slot,
        /// Address.
        addr: Addr,
        /// First operand after the address.
        b: Slot,
        /// Second operand after the address.
        c: Slot,
    },
    /// `atomic.fence`.
    AtomicFence,
    /// Takes so much from the budget, or gives it back if negative. Does not stop where that runs out: the next backward branch
    /// or start of a function does. The accumulators stay as they are.
    Charge {
        /// Units of fuel.
        cost: i32,
    },
    /// Stops with a trap.
    Trap(Trap),
}

/// What a tail call moves: `count` slots from `args` to the frame's start, where the callee's frame starts too. The engine
/// reads the return ip before it moves anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct TailMove {
    /// The first argument.
    pub args: Slot,
    /// How many slots the arguments take.
    pub count: u16,
    /// The caller's return slot.
    pub return_slot: Slot,
    /// How many slots the results take.
    pub results: u16,
}
