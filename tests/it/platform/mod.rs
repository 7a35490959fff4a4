mod auth;
mod tenants;
