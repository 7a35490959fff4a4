//! The floor that `cargo xtask bench` measures beside the product: one salvo handler that sends one prepared statement.

use salvo::{Listener, Router, Server, Service, affix_state, conn::TcpListener, handler, prelude::*};
use sqlx::{PgPool, postgres::PgPoolOptions};

#[tokio::main]
async fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [listen, database] = words.as_slice() else { panic!("an address to listen on and a database's address are wanted") };
    let pool = PgPoolOptions::new().max_connections(16).test_before_acquire(false).connect(database).await.expect("the database");
    let listener = TcpListener::new(listen.clone()).bind().await;
    Server::new(listener).serve(Service::new(Router::new().get(one)).hoop(affix_state::inject(pool))).await;
}

#[handler]
async fn one(depot: &mut Depot, res: &mut Response) {
    let pool = depot.get_typed::<PgPool>().expect("the pool");
    let name: Option<String> =
        sqlx::query_scalar("SELECT current_user::text WHERE $1 = 1").bind(1_i32).fetch_optional(pool).await.expect("a row");
    res.render(Json(name));
}
