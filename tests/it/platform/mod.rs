mod auth;
mod operators;
mod support;
mod tenants;
