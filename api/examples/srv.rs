use amana_api::*; use amana_postgres::*;
#[tokio::main]
async fn main() {
    tracing_subscriber::fmt().with_env_filter("info").init();
    let url = "postgres://app@127.0.0.1:54999/api_dev";
    Store::migrate(url).await.unwrap();
    let store = Store::connect(url, 4).await.unwrap();
    let config = ApiConfig { jwt_secret: "0123456789abcdef0123456789abcdef".into(), fee: FeePolicy { percentage_bps: 250, fixed_minor: 1000 } };
    let l = tokio::net::TcpListener::bind("127.0.0.1:18080").await.unwrap();
    let shutdown = async { tokio::signal::ctrl_c().await.unwrap(); };
    serve(l, app(store, Clock::default(), None, &config), shutdown).await.unwrap();
    println!("bye");
}
