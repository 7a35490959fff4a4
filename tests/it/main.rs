//! Every integration test, in one binary: modules mirror the api and the worker file for file.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod access;
mod architecture;
mod attacks;
mod cart;
mod hang_ups;
mod invariants;
mod media;
mod oauth;
mod openapi;
mod platform;
mod processes;
mod requests;
mod search;
mod storefront;
mod tenancy;
mod vendor;
mod worker;
mod world;
