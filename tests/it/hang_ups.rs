//! Clients that hang up: over real sockets, thousands of requests are cut off at random moments. Nothing that was
//! acknowledged is lost, nothing is half done, and no connection goes back to its pool inside a transaction.

use std::{net::SocketAddr, time::Duration};

use futures::future::join_all;
use salvo::{Listener, Server, conn::TcpListener, server::ServerHandle};
use serde_json::json;
use tests::{
    Guest, World, a_product,
    database::{execute, texts},
    process::until,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinHandle,
};

const ABORTED: usize = 4_000;
const PATIENT: usize = 200;
const AT_ONCE: usize = 40;

/// A connection is often a proxy's, which others share: a HEAD that is refused leaves it whole.
#[tokio::test]
async fn a_head_that_is_refused_is_answered_and_so_is_what_follows() {
    let mut world = World::new().await;
    world.leave_facts();
    let (address, serving) = serve(&world).await;
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    for path in ["/", "/vendor/v1/account", "/storefront/v1/products/none", "/health/live"] {
        let request = format!("HEAD {path} HTTP/1.1\r\nhost: stoa.test\r\n\r\n");
        stream.write_all(request.as_bytes()).await.expect("a request");
        let mut answer = vec![0; 4096];
        let length = stream.read(&mut answer).await.expect("an answer");
        let answer = String::from_utf8_lossy(&answer[..length]).into_owned();
        assert!(answer.starts_with("HTTP/1.1 ") && answer.ends_with("\r\n\r\n"), "{path}: a head and nothing else: {answer:?}");
    }
    drop(stream);
    serving.stop(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_of_aborted_requests_lose_nothing() {
    let mut world = World::new().await;
    world.leave_facts();
    let ada = world.tenant("ada").await;
    let mug = a_product().stocked(100_000).create(&world, &ada).await;
    let mut superuser = world.superuser().await;
    texts(&mut superuser, "WITH raised AS (UPDATE tenants SET plan = 'plus' RETURNING id) SELECT id::text FROM raised").await;
    world.state.directory.forget();
    let (address, serving) = serve(&world).await;
    let cart = json!({ "lines": [{ "variant_id": mug.variants[0].id, "quantity": 1 }] });
    let cart = world.shopper(&ada).post("carts", &cart).await.ok();
    let checkout = json!({ "cart_id": cart["id"], "email": "grace@shopper.example" }).to_string();
    let host = ada.host();
    let open = |body: &str| {
        format!(
            "POST /storefront/v1/checkouts HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let mut acknowledged = Vec::new();
    for round in 0..ABORTED / AT_ONCE {
        let cut_off = (0..AT_ONCE).map(|place| {
            let request = open(&checkout);
            let after = Duration::from_micros(((round * AT_ONCE + place) as u64 * 7_919) % 20_000);
            async move {
                let mut stream = TcpStream::connect(address).await.expect("a connection");
                stream.write_all(request.as_bytes()).await.expect("a request");
                tokio::time::sleep(after).await;
            }
        });
        join_all(cut_off).await;
        // Between the aborted ones, some wait for their answer; what they were told must be true.
        for _ in 0..PATIENT * AT_ONCE / ABORTED {
            let cart = json!({ "lines": [{ "variant_id": mug.variants[0].id, "quantity": 1 }] });
            let cart = world.shopper(&ada).post("carts", &cart).await.ok();
            let request = open(&json!({ "cart_id": cart["id"] }).to_string());
            let mut answer = told(address, &request).await;
            // A machine this busy may not hear Redis in time; such an answer says so and promises nothing.
            while answer.starts_with("HTTP/1.1 503") {
                answer = told(address, &request).await;
            }
            assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
            let id = answer.split("\"id\":\"").nth(1).and_then(|rest| rest.split('"').next()).expect("an id");
            acknowledged.push(id.parse::<commerce::ids::CheckoutId>().expect("a checkout").uuid());
        }
    }
    serving.stop(&world).await;

    let stuck = "SELECT pid::text FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
    // A connection goes back to its pool in a task of its own, which may still be under way.
    let mut left = texts(&mut superuser, stuck).await;
    for _ in 0..50 {
        if left.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        left = texts(&mut superuser, stuck).await;
    }
    assert_eq!(left, Vec::<String>::new());
    let stored = texts(&mut superuser, "SELECT id::text FROM checkouts").await;
    let lost: Vec<_> = acknowledged.iter().filter(|id| !stored.contains(&id.to_string())).collect();
    assert_eq!(lost, Vec::<&uuid::Uuid>::new(), "{} were acknowledged", acknowledged.len());
    assert_eq!(acknowledged.len(), PATIENT);
    assert_eq!(
        texts(
            &mut superuser,
            "SELECT count(*)::text FROM checkout_lines l WHERE NOT EXISTS (SELECT FROM reservations r WHERE r.checkout_id = l.checkout_id)"
        )
        .await,
        ["0"]
    );
    world.check().await;
}

/// Money is being asked for when the shopper's connection breaks: the order is placed all the same, and at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_begun_is_finished_though_nobody_waits_for_it() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let mug = a_product().stocked(10).create(&world, &ada).await;
    let checkout = Guest::of(&world, &ada).checkout(&mug, 1).await;
    let (address, serving) = serve(&world).await;
    // The provider does not answer yet.
    let mut holder = world.superuser().await;
    execute(&mut holder, "BEGIN; LOCK TABLE test_gateway_charges IN ACCESS EXCLUSIVE MODE").await;
    let body = json!({ "expected_total": checkout["total"], "payment": { "gateway": "test", "token": "test_success" } }).to_string();
    let request = format!(
        "POST /storefront/v1/checkouts/{}/complete HTTP/1.1\r\nhost: {}\r\nidempotency-key: once\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        checkout["id"].as_str().expect("an id"),
        ada.host(),
        body.len()
    );
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(request.as_bytes()).await.expect("a request");
    let asking = "SELECT count(*)::text FROM pg_locks WHERE NOT granted AND relation = 'test_gateway_charges'::regclass";
    until(&world, "1", asking).await;
    drop(stream);
    // Time enough for the server to see that the client is gone.
    tokio::time::sleep(Duration::from_millis(300)).await;
    execute(&mut holder, "COMMIT").await;
    serving.stop(&world).await;
    let mut superuser = world.superuser().await;
    assert_eq!(texts(&mut superuser, "SELECT status FROM orders").await, ["placed"]);
    assert_eq!(texts(&mut superuser, "SELECT status FROM payments").await, ["captured"]);
    world.run_jobs().await;
}

/// The world's api on a socket.
struct Serving {
    handle: ServerHandle,
    task: JoinHandle<()>,
}

async fn serve(world: &World) -> (SocketAddr, Serving) {
    let acceptor = TcpListener::new(("127.0.0.1", 0)).bind().await;
    let address = acceptor.local_addr().expect("an address");
    let server = Server::new(acceptor);
    let handle = server.handle();
    let task = tokio::spawn(server.serve(api::service(world.state.clone())));
    (address, Serving { handle, task })
}

impl Serving {
    /// Stops as the program does: connections first, then what still runs.
    async fn stop(self, world: &World) {
        self.handle.stop_graceful(Duration::from_secs(20));
        self.task.await.expect("the server");
        world.state.requests.close();
        world.state.requests.wait().await;
    }
}

async fn told(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(request.as_bytes()).await.expect("a request");
    let mut answer = vec![0; 16 * 1024];
    let read = tokio::time::timeout(Duration::from_secs(20), stream.read(&mut answer)).await.expect("in time").expect("an answer");
    String::from_utf8_lossy(&answer[..read]).into_owned()
}
