//! What a person sees while something takes its time.
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// Runs a step under its name: done with its duration, or still at it every few seconds.
pub(crate) async fn step<T>(name: &str, work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let begun = Instant::now();
    let live = std::io::stdout().is_terminal();
    tokio::pin!(work);
    let mut pulse = tokio::time::interval(if live { Duration::from_millis(500) } else { Duration::from_secs(15) });
    pulse.tick().await;
    loop {
        tokio::select! {
            outcome = &mut work => {
                let mark = if outcome.is_ok() { "✓" } else { "✗" };
                println!("{}  {mark} {name} ({:.1} s)", if live { "\r" } else { "" }, begun.elapsed().as_secs_f64());
                return outcome;
            }
            _ = pulse.tick() => {
                let seconds = begun.elapsed().as_secs();
                if live { print!("\r  … {name} ({seconds} s)") } else { println!("  … {name} ({seconds} s)") }
                std::io::stdout().flush().ok();
            }
        }
    }
}

pub(crate) fn say(line: &str) {
    println!("  {line}");
}

pub(crate) fn heading(line: &str) {
    println!("{line}");
}

/// An error and its causes, as sentences.
pub(crate) fn fail(error: &anyhow::Error) {
    eprintln_line(&format!("\nerror: {error}"));
    for cause in error.chain().skip(1) {
        eprintln_line(&format!("  because: {cause}"));
    }
}

fn eprintln_line(line: &str) {
    writeln!(std::io::stderr(), "{line}").ok();
}
