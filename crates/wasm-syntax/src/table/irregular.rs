//! Rows of the instructions whose typing or immediates follow no pattern.

/// Calls `$callback!` with every instruction that has a variant of its own in [`Instr`](crate::Instr).
///
/// A row is `opcode Variant (immediates) "mnemonic" Feature;`, the parentheses left out where there are none; the
/// immediates are named types of this crate in binary order.
/// Spec: `syntax-instr`.
#[macro_export]
macro_rules! for_each_irregular {
    ($callback:path) => {
        $callback! {
            0x00 Unreachable "unreachable" Mvp;
            0x01 Nop "nop" Mvp;
            0x02 Block (ty: BlockType) "block" Mvp;
            0x03 Loop (ty: BlockType) "loop" Mvp;
            0x04 If (ty: BlockType) "if" Mvp;
            0x05 Else "else" Mvp;
            0x06 Try (ty: BlockType) "try" LegacyExceptions;
            0x07 Catch (tag: TagIdx) "catch" LegacyExceptions;
            0x08 Throw (tag: TagIdx) "throw" Exceptions;
            0x09 Rethrow (label: LabelIdx) "rethrow" LegacyExceptions;
            0x0A ThrowRef "throw_ref" Exceptions;
            0x0B End "end" Mvp;
            0x0C Br (label: LabelIdx) "br" Mvp;
            0x0D BrIf (label: LabelIdx) "br_if" Mvp;
            0x0E BrTable (table: BrTable<'a>) "br_table" Mvp;
            0x0F Return "return" Mvp;
            0x10 Call (func: FuncIdx) "call" Mvp;
            0x11 CallIndirect (ty: TypeIdx, table: TableIdx) "call_indirect" Mvp;
            0x12 ReturnCall (func: FuncIdx) "return_call" TailCall;
            0x13 ReturnCallIndirect (ty: TypeIdx, table: TableIdx) "return_call_indirect" TailCall;
            0x14 CallRef (ty: TypeIdx) "call_ref" FunctionReferences;
            0x15 ReturnCallRef (ty: TypeIdx) "return_call_ref" FunctionReferences;
            0x18 Delegate (label: LabelIdx) "delegate" LegacyExceptions;
            0x19 CatchAll "catch_all" LegacyExceptions;
            0x1A Drop "drop" Mvp;
            0x1B Select "select" Mvp;
            0x1C SelectTyped (types: SelectTypes) "select" ReferenceTypes;
            0x1F TryTable (ty: BlockType, catches: Catches<'a>) "try_table" Exceptions;
            0x20 LocalGet (local: LocalIdx) "local.get" Mvp;
            0x21 LocalSet (local: LocalIdx) "local.set" Mvp;
            0x22 LocalTee (local: LocalIdx) "local.tee" Mvp;
            0x23 GlobalGet (global: GlobalIdx) "global.get" Mvp;
            0x24 GlobalSet (global: GlobalIdx) "global.set" Mvp;
            0x25 TableGet (table: TableIdx) "table.get" ReferenceTypes;
            0x26 TableSet (table: TableIdx) "table.set" ReferenceTypes;
            0x3F MemorySize (memory: MemIdx) "memory.size" Mvp;
            0x40 MemoryGrow (memory: MemIdx) "memory.grow" Mvp;
            0x41 I32Const (value: i32) "i32.const" Mvp;
            0x42 I64Const (value: i64) "i64.const" Mvp;
            0x43 F32Const (value: F32Bits) "f32.const" Mvp;
            0x44 F64Const (value: F64Bits) "f64.const" Mvp;
            0xD0 RefNull (heap: HeapType) "ref.null" ReferenceTypes;
            0xD1 RefIsNull "ref.is_null" ReferenceTypes;
            0xD2 RefFunc (func: FuncIdx) "ref.func" ReferenceTypes;
            0xD3 RefEq "ref.eq" Gc;
            0xD4 RefAsNonNull "ref.as_non_null" FunctionReferences;
            0xD5 BrOnNull (label: LabelIdx) "br_on_null" FunctionReferences;
            0xD6 BrOnNonNull (label: LabelIdx) "br_on_non_null" FunctionReferences;
            0xE0 ContNew (ty: TypeIdx) "cont.new" StackSwitching;
            0xE1 ContBind (src: TypeIdx, dst: TypeIdx) "cont.bind" StackSwitching;
            0xE2 Suspend (tag: TagIdx) "suspend" StackSwitching;
            0xE3 Resume (ty: TypeIdx, handlers: Handlers<'a>) "resume" StackSwitching;
            0xE4 ResumeThrow (ty: TypeIdx, tag: TagIdx, handlers: Handlers<'a>) "resume_throw" StackSwitching;
            0xE5 ResumeThrowRef (ty: TypeIdx, handlers: Handlers<'a>) "resume_throw_ref" StackSwitching;
            0xE6 Switch (ty: TypeIdx, tag: TagIdx) "switch" StackSwitching;
            0xFB_0000 StructNew (ty: TypeIdx) "struct.new" Gc;
            0xFB_0001 StructNewDefault (ty: TypeIdx) "struct.new_default" Gc;
            0xFB_0002 StructGet (ty: TypeIdx, field: FieldIdx) "struct.get" Gc;
            0xFB_0003 StructGetS (ty: TypeIdx, field: FieldIdx) "struct.get_s" Gc;
            0xFB_0004 StructGetU (ty: TypeIdx, field: FieldIdx) "struct.get_u" Gc;
            0xFB_0005 StructSet (ty: TypeIdx, field: FieldIdx) "struct.set" Gc;
            0xFB_0006 ArrayNew (ty: TypeIdx) "array.new" Gc;
            0xFB_0007 ArrayNewDefault (ty: TypeIdx) "array.new_default" Gc;
            0xFB_0008 ArrayNewFixed (ty: TypeIdx, len: u32) "array.new_fixed" Gc;
            0xFB_0009 ArrayNewData (ty: TypeIdx, data: DataIdx) "array.new_data" Gc;
            0xFB_000A ArrayNewElem (ty: TypeIdx, elem: ElemIdx) "array.new_elem" Gc;
            0xFB_000B ArrayGet (ty: TypeIdx) "array.get" Gc;
            0xFB_000C ArrayGetS (ty: TypeIdx) "array.get_s" Gc;
            0xFB_000D ArrayGetU (ty: TypeIdx) "array.get_u" Gc;
            0xFB_000E ArraySet (ty: TypeIdx) "array.set" Gc;
            0xFB_000F ArrayLen "array.len" Gc;
            0xFB_0010 ArrayFill (ty: TypeIdx) "array.fill" Gc;
            0xFB_0011 ArrayCopy (dst: TypeIdx, src: TypeIdx) "array.copy" Gc;
            0xFB_0012 ArrayInitData (ty: TypeIdx, data: DataIdx) "array.init_data" Gc;
            0xFB_0013 ArrayInitElem (ty: TypeIdx, elem: ElemIdx) "array.init_elem" Gc;
            0xFB_0014 RefTest (heap: HeapType) "ref.test" Gc;
            0xFB_0015 RefTestNull (heap: HeapType) "ref.test null" Gc;
            0xFB_0016 RefCast (heap: HeapType) "ref.cast" Gc;
            0xFB_0017 RefCastNull (heap: HeapType) "ref.cast null" Gc;
            0xFB_0018 BrOnCast (target: CastTarget) "br_on_cast" Gc;
            0xFB_0019 BrOnCastFail (target: CastTarget) "br_on_cast_fail" Gc;
            0xFB_001A AnyConvertExtern "any.convert_extern" Gc;
            0xFB_001B ExternConvertAny "extern.convert_any" Gc;
            0xFB_001C RefI31 "ref.i31" Gc;
            0xFB_001D I31GetS "i31.get_s" Gc;
            0xFB_001E I31GetU "i31.get_u" Gc;
            0xFB_0020 StructNewDesc (ty: TypeIdx) "struct.new_desc" CustomDescriptors;
            0xFB_0021 StructNewDefaultDesc (ty: TypeIdx) "struct.new_default_desc" CustomDescriptors;
            0xFB_0022 RefGetDesc (ty: TypeIdx) "ref.get_desc" CustomDescriptors;
            0xFB_0023 RefCastDescEq (heap: HeapType) "ref.cast_desc_eq" CustomDescriptors;
            0xFB_0024 RefCastDescEqNull (heap: HeapType) "ref.cast_desc_eq null" CustomDescriptors;
            0xFB_0025 BrOnCastDescEq (target: CastTarget) "br_on_cast_desc_eq" CustomDescriptors;
            0xFB_0026 BrOnCastDescEqFail (target: CastTarget) "br_on_cast_desc_eq_fail" CustomDescriptors;
            0xFC_0008 MemoryInit (data: DataIdx, memory: MemIdx) "memory.init" BulkMemory;
            0xFC_0009 DataDrop (data: DataIdx) "data.drop" BulkMemory;
            0xFC_000A MemoryCopy (dst: MemIdx, src: MemIdx) "memory.copy" BulkMemory;
            0xFC_000B MemoryFill (memory: MemIdx) "memory.fill" BulkMemory;
            0xFC_000C TableInit (elem: ElemIdx, table: TableIdx) "table.init" BulkMemory;
            0xFC_000D ElemDrop (elem: ElemIdx) "elem.drop" BulkMemory;
            0xFC_000E TableCopy (dst: TableIdx, src: TableIdx) "table.copy" BulkMemory;
            0xFC_000F TableGrow (table: TableIdx) "table.grow" ReferenceTypes;
            0xFC_0010 TableSize (table: TableIdx) "table.size" ReferenceTypes;
            0xFC_0011 TableFill (table: TableIdx) "table.fill" ReferenceTypes;
            0xFD_000C V128Const (value: V128) "v128.const" Simd;
            0xFD_000D I8x16Shuffle (lanes: ShuffleLanes) "i8x16.shuffle" Simd;
            0xFE_0003 AtomicFence (flags: FenceFlags) "atomic.fence" Threads;
        }
    };
}
