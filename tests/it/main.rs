//! Every integration test, in one binary: modules mirror the api and the worker file for file.

mod architecture;
mod cart;
mod invariants;
mod tenancy;
mod world;
