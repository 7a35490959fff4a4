//! Everything a person types: `cargo dev`, `cargo verify`, `cargo xtask …`.
//!
//! Promises: whatever it starts, it ends, also when it is interrupted or when a start fails half-way; what a killed run
//! left behind is found by its process identity and ended at the next start. Nothing outside `.dev/` and `target/` is
//! touched. Depends on few crates, because it is compiled before anything else can happen.
#![expect(clippy::print_stdout, reason = "a command-line tool talks on standard output")]

mod bench;
mod console;
mod demo;
mod dev;
mod fleet;
mod http;
mod leaked;
mod lint;
mod npm;
mod operator;
mod services;
mod verify;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Everything a person types in this repository")]
struct Line {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start everything with two demo stores, and keep running until Ctrl-C (`cargo dev`)
    Dev,
    /// Start private services and run every test against them (`cargo verify`); further words go to `cargo test`
    Verify {
        // Read from the command line itself: clap would take a first `--` away.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
        _arguments: Vec<String>,
    },
    /// Measure a release build and compare it with an earlier run
    Bench(bench::Options),
    /// Write the OpenAPI documents and the table of who may do what anew, from the code
    Openapi,
    /// Write the list of passwords that nobody may choose, from lists of leaked ones
    LeakedPasswords(leaked::Options),
    /// Look after the operators of the running `cargo dev`: add, reset-factor, disable, list, code
    Operator {
        // Passed on as they are; read from the command line itself.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
        _arguments: Vec<String>,
    },
    /// Check format, lints, dependencies and generated files
    Lint,
    /// Format every file
    Fmt,
}

// One thread: processes are tied to the thread that started them (see `fleet`).
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let line = Line::parse();
    tokio::select! {
        outcome = run(line.command) => match outcome {
            Ok(code) => code,
            Err(error) => {
                console::fail(&error);
                ExitCode::FAILURE
            }
        },
        // Leaving this block drops the running command, and with it every process it started.
        code = interrupted() => code,
    }
}

async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Dev => dev::run().await,
        Command::Verify { .. } => verify::run(&words_after("verify"), &[]).await,
        Command::Bench(options) => bench::run(options).await,
        Command::Operator { .. } => operator::run(&words_after("operator")).await,
        Command::Openapi => verify::snapshots().await,
        Command::LeakedPasswords(options) => leaked::run(&options),
        Command::Lint => lint::run().await,
        Command::Fmt => lint::format().await,
    }
}

fn words_after(command: &str) -> Vec<String> {
    std::env::args().skip_while(|word| word != command).skip(1).collect()
}

/// The exit code a shell expects (128 + signal) once somebody asked us to stop.
async fn interrupted() -> ExitCode {
    let (Ok(mut int), Ok(mut term), Ok(mut hup)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()), signal(SignalKind::hangup()))
    else {
        return std::future::pending().await;
    };
    let code = tokio::select! { _ = int.recv() => 130, _ = term.recv() => 143, _ = hup.recv() => 129 };
    println!("\nStopping …");
    ExitCode::from(code)
}
