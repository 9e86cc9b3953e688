//! The running worker: apalis workers per queue, the relay, the schedules, and a graceful end.

use crate::context::Context;
use crate::{relay, runner, schedule};
use amana_domain::api_key::KeyMode;
use amana_postgres::Queue;
use amana_redis::Transport;
use apalis::prelude::{Event, Monitor, WorkerBuilder, WorkerBuilderExt};
use std::future::Future;
use tokio::sync::watch;
use tracing::{info, warn};

/// How many jobs of a queue one worker process carries out at a time.
const fn concurrency(queue: Queue) -> usize {
    match queue {
        Queue::Payments | Queue::Callbacks | Queue::Notifications => 8,
        Queue::Timers | Queue::Fraud => 4,
        Queue::Reconciliation | Queue::Housekeeping => 1,
    }
}

/// Works until `shutdown` resolves. Then nothing new is claimed, running jobs may end, and what was
/// taken from Redis and not begun goes back.
///
/// # Errors
/// Only if the monitor itself cannot run.
pub async fn run(
    context: Context,
    transport: Transport,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let (stop, stopped) = watch::channel(false);
    let relay = tokio::spawn(relay::run(context.clone(), transport.clone(), stopped.clone()));
    let schedule = tokio::spawn(schedule::run(context.clone(), stopped));
    let clock = context
        .settings
        .test_clock
        .then(|| tokio::spawn(context.clock.clone().follow(context.store.clone())));
    let mut monitor = Monitor::new()
        .shutdown_timeout(context.settings.shutdown_time_max)
        .should_restart(|worker, error| {
            warn!(worker = worker.name(), %error, "worker ended unexpectedly and is started again");
            true
        })
        .on_event(|worker, event| {
            if let Event::Error(error) = event {
                warn!(worker = worker.name(), %error, "worker reported an error");
            }
        });
    for queue in Queue::ALL {
        let (context, transport) = (context.clone(), transport.clone());
        monitor = monitor.register(move |restarts| {
            WorkerBuilder::new(format!("{queue}-{restarts}"))
                .backend(transport.consumer(queue.as_str()))
                .concurrency(concurrency(*queue))
                .catch_panic()
                .data(context.clone())
                .build(runner::run)
        });
    }
    let mode = if context.settings.test_clock { KeyMode::Test } else { KeyMode::Live };
    info!(version = env!("CARGO_PKG_VERSION"), %mode, "worker is ready");
    let result = monitor
        .run_with_signal(async move {
            shutdown.await;
            info!("worker stops: running jobs may end");
            Ok(())
        })
        .await;
    let _ = stop.send(true);
    if let Some(clock) = clock {
        clock.abort();
    }
    let _ = tokio::join!(relay, schedule);
    info!("worker has stopped");
    result.map_err(std::io::Error::other)
}
