mod auth;
mod operators;
mod tenants;
