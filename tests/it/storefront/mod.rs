mod carts;
mod checkouts;
mod kept;
mod order_page;
mod products;
mod search;
mod store;
