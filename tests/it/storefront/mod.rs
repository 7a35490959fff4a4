mod carts;
mod checkouts;
mod order_page;
mod products;
mod search;
mod store;
