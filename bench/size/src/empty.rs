//! A program that reads a file and an argument, and has no engine: what a program weighs before one is added.
#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::{env, fs};

fn main() -> ExitCode {
    let mut args = env::args().skip(1);
    let (Some(file), Some(arg)) = (args.next(), args.next()) else { return ExitCode::FAILURE };
    let (Ok(bytes), Ok(arg)) = (fs::read(file), arg.parse::<i32>()) else { return ExitCode::FAILURE };
    println!("{}", bytes.len() as i64 + i64::from(arg));
    ExitCode::SUCCESS
}
