//! Help texts, and what the program says about command lines that it does not understand.

use crate::session::{HELLO, Session, assert_transcript, execute_with};

// The help is that of the program with all that it can have.
#[cfg(all(feature = "profile", feature = "repl"))]
#[test]
fn help_of_the_program() {
    assert_transcript!(Session::new().run("").run("-h").run("--help").run("-V"));
}

// The help is that of the program with all that it can have.
#[cfg(all(feature = "profile", feature = "repl"))]
#[test]
fn help_of_run() {
    assert_transcript!(Session::new().run("run -h").run("run --help"));
}

// The help is that of the program with all that it can have.
#[cfg(all(feature = "profile", feature = "repl"))]
#[test]
fn help_of_the_other_commands() {
    assert_transcript!(
        Session::new()
            .run("validate --help")
            .run("inspect --help")
            .run("ir --help")
            .run("disasm --help")
            .run("wat --help")
            .run("wast --help")
            .run("bench --help")
            .run("repl --help")
            .run("completions --help")
            .run("man --help")
    );
}

#[test]
fn flags_that_do_not_exist() {
    assert_transcript!(
        Session::new()
            .run("--bogus")
            .run("run --bogus x.wasm")
            .run("run --invok f x.wasm")
            .run("inspect --invoke f x.wasm")
            .run("inspect --all=3 x.wasm")
    );
}

#[test]
fn operands_and_values_that_are_missing_or_wrong() {
    assert_transcript!(
        Session::new()
            .run("run")
            .run("validate")
            .run("ir")
            .run("run --dir")
            .run("run --unknown-imports maybe x.wasm")
            .run("inspect a.wasm b.wasm")
    );
}

#[test]
fn a_module_or_another_word_in_place_of_a_command() {
    assert_transcript!(
        Session::new()
            .file("hello.wasm", HELLO)
            .file("program", HELLO)
            .run("hello.wasm")
            .run("missing.wat")
            .run("program --flag")
            .run("insp hello.wasm")
            .run("frobnicate")
    );
}

#[test]
fn colours_are_for_terminals_and_not_where_they_are_unwanted() {
    let session = Session::new().file("hello.wasm", HELLO);
    let has_colour = |line: &str, env: &[(&str, &str)]| {
        let output = execute_with(session.path(), line, b"", env);
        output.stdout.contains(&0x1B) || output.stderr.contains(&0x1B)
    };
    for line in ["inspect hello.wasm", "inspect missing.wasm", "validate hello.wasm", "run --bogus", "run --help"] {
        assert!(!has_colour(line, &[]), "a pipe is no terminal: {line}");
        assert!(has_colour(line, &[("CLICOLOR_FORCE", "1")]), "colours can be forced: {line}");
        assert!(!has_colour(line, &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]), "NO_COLOR wins: {line}");
    }
}
