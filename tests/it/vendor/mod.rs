mod auth;
mod keys;
mod store;
mod stores;
