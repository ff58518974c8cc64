//! The instruction table: one row an instruction, as macros that call a macro with the rows.
//!
//! Decoder, encoder, printer, validator, constant folder, engine and coverage report derive from these rows. Rows of a
//! regular family name a member of one `…Op` enum; irregular rows have variants of their own in [`Instr`](crate::Instr),
//! so that a `match` over it that forgets one does not compile.

mod irregular;
mod memory;
mod numeric;
mod vector;
