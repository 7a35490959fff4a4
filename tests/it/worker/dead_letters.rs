use serde_json::json;
use tests::{
    World,
    database::{execute, texts},
};

use super::order::quiet_store;

async fn given_up(world: &World, tenant: uuid::Uuid, count: usize) {
    let sql = format!(
        r#"INSERT INTO apalis.jobs (id, job_type, job, status, attempts, max_attempts, run_at, done_at, priority, metadata, idempotency_key, last_result)
           SELECT apalis.generate_ulid(), 'mail',
                  convert_to(jsonb_build_object('tenant', '{}', 'key', n, 'caused_at', now(), 'job', '{{"kind": "SendWelcome"}}'::jsonb)::text, 'UTF8'),
                  'Killed', 20, 20, now(), now() - n * interval '1 second', -1, '', 'k' || n, '{{"Err": "AbortError: reply 550"}}'
           FROM generate_series(1, {count}) n"#,
        commerce::ids::TenantId::from_uuid(tenant)
    );
    execute(&mut world.superuser().await, &sql).await;
}

#[tokio::test]
async fn operators_see_replay_and_discard_what_was_given_up() {
    let world = World::new().await;
    let store = quiet_store(&world, "ada").await;
    given_up(&world, store.id.uuid(), 3).await;
    let operator = world.operator().await;
    let page = operator.get("jobs/dead?limit=2").await.ok();
    assert_eq!(page["data"].as_array().unwrap().len(), 2);
    assert_eq!(page["data"][0]["reason"], json!("reply 550"));
    assert_eq!(page["data"][0]["tenant"], json!(store.id.to_string()));
    let rest = operator.get(format!("jobs/dead?limit=2&after={}", page["page"]["next"].as_str().unwrap())).await.ok();
    assert_eq!(rest["data"].as_array().unwrap().len(), 1);

    let id = |place: usize| page["data"][place]["id"].as_str().unwrap().to_owned();
    let (unsaid, why) = (json!({}), json!({ "reason": "the mail server is back" }));
    assert_eq!(operator.post(format!("jobs/{}/replay", id(0)), &unsaid).await.status(), 422, "without a reason");
    assert_eq!(operator.post(format!("jobs/{}/replay", id(0)), &why).await.status(), 204);
    assert_eq!(operator.post(format!("jobs/{}/discard", id(1)), &why).await.status(), 204);
    assert_eq!(operator.post(format!("jobs/{}/discard", id(1)), &why).await.status(), 404);
    assert_eq!(operator.post(format!("jobs/{}/replay", id(0)), &why).await.status(), 404, "it waits already");

    let mut superuser = world.superuser().await;
    let left = texts(&mut superuser, "SELECT status || ' ' || attempts FROM apalis.jobs ORDER BY 1").await;
    assert_eq!(left, ["Killed 20", "Pending 0"]);
    let told = operator.get("audit").await.ok();
    for (entry, action, job) in [(&told["data"][0], "jobs.discard", id(1)), (&told["data"][1], "jobs.replay", id(0))] {
        assert_eq!((&entry["action"], &entry["reason"]), (&json!(action), &why["reason"]));
        assert_eq!(entry["tenant"], json!(store.id.to_string()));
        assert!(entry["subject"].as_str().is_some_and(|subject| subject.ends_with(&job)), "{entry}");
    }
}

#[tokio::test]
async fn vendors_have_no_way_to_dead_letters() {
    let world = World::new().await;
    let store = quiet_store(&world, "ada").await;
    assert_eq!(world.anybody("/platform/v1").with_token(&store.access_token).get("jobs/dead").await.status(), 401);
}
