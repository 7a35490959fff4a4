mod search;
mod store;
