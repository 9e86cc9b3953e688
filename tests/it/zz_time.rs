use std::time::Instant;
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn zz_times() {
    let _ = amana_harness::Database::new().await;
    for _ in 0..4 {
        let t = Instant::now();
        let d = amana_harness::Database::new().await;
        println!("db {:?}", t.elapsed());
        let t = Instant::now();
        let _s = d.store().await;
        println!("store {:?}", t.elapsed());
        let t = Instant::now();
        let _s = amana_sandbox::start(amana_sandbox::Settings::default()).await.unwrap();
        println!("sandbox {:?}", t.elapsed());
        let t = Instant::now();
        let _c = reqwest::Client::new();
        println!("client {:?}", t.elapsed());
        let t = Instant::now();
        let _c = reqwest::Client::builder().no_proxy().build().unwrap();
        println!("client noproxy {:?}", t.elapsed());
        let t = Instant::now();
        let _c = amana_harness::App::builder().without_worker().start().await;
        println!("app {:?}", t.elapsed());
        let t = Instant::now();
        drop(_c);
        println!("drop {:?}", t.elapsed());
        let t = Instant::now();
        let b = crate::job_cases::Bench::new(crate::job_cases::Case::SubmitPayout).await;
        println!("bench {:?}", t.elapsed());
        let t = Instant::now();
        b.attempt().await;
        println!("attempt {:?}", t.elapsed());
        let t = Instant::now();
        b.go_on().await;
        println!("go_on {:?}", t.elapsed());
        let t = Instant::now();
        crate::job_prints::Fingerprint::of(&b.app).await;
        println!("print {:?}", t.elapsed());
    }
}
