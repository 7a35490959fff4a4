//! What follows from what: relay, jobs, mails, figures; in this process, and in real ones that are killed.
#![expect(clippy::unwrap_used, reason = "what a helper cannot do fails its test")]

mod analytics;
mod canaries;
mod crashes;
mod dead_letters;
mod mails;
mod order;
mod relay;
mod smtp;
mod traces;
