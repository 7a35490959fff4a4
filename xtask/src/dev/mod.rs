//! `cargo dev`: everything a developer needs, running, filled and explained.

mod card;
pub(crate) mod mail;
mod page;
pub(crate) mod programs;
mod secrets;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::bail;

use crate::console::{heading, say, step};
use crate::demo;
use crate::services::{Purpose, Services, tail};
use programs::Profile;

pub(crate) async fn run() -> anyhow::Result<ExitCode> {
    let begun = Instant::now();
    let mut services = Services::start(Purpose::Dev).await?;
    for (name, preferred) in [("api", 8080), ("api-internal", 9080), ("worker-internal", 9180), ("smtp", 1025), ("mail", 8025)] {
        services.ports.free(name, preferred)?;
    }
    programs::build(Profile::Debug).await?;
    prepare(&services, Profile::Debug).await?;
    let mails = services.folder.join("mail");
    mail::listen(services.ports.of("smtp"), mails.clone(), true).await?;
    page::listen(services.ports.of("mail"), mails).await?;
    step("api and worker", programs::start(&mut services, Profile::Debug, &[])).await?;
    let stores = demo::fill(&services).await?;
    demo::explain(&services, &stores);
    heading(&format!("\nReady after {:.0} s. Ctrl-C ends everything; the data stay in .dev/.\n", begun.elapsed().as_secs_f64()));
    watch(&mut services).await
}

/// Roles, database and schema: made where they are missing.
pub(crate) async fn prepare(services: &Services, profile: Profile) -> anyhow::Result<()> {
    step("schema", async {
        for arguments in [&["bootstrap"], &["up"]] {
            programs::run(services, programs::program(services, profile, "stoa-migrate")?, arguments, "migrate").await?;
        }
        Ok(())
    })
    .await
}

/// Stays until a process ends by itself, which is told with the end of its log.
async fn watch(services: &mut Services) -> anyhow::Result<ExitCode> {
    loop {
        tokio::time::sleep(Duration::from_millis(500)).await;
        if let Some((name, status)) = services.fleet.fallen() {
            let log = services.log(&name);
            say(&format!("{name} ended ({status})"));
            bail!("{name} ended by itself; the end of {}:\n    {}", log.display(), tail(&log, 15));
        }
    }
}
