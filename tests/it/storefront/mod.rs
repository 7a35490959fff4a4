mod products;
mod search;
mod store;
