//! The running worker: one apalis worker per queue, the relay, the schedules, and the graceful shutdown.

use crate::context::Context;
use crate::{relay, runner, schedule, sequencer};
use amana_domain::api_key::KeyMode;
use amana_postgres::Queue;
use amana_redis::Transport;
use apalis::prelude::{Event, Monitor, WorkerBuilder, WorkerBuilderExt};
use std::future::Future;
use tokio::sync::watch;
use tracing::{info, warn};

/// Jobs of a queue that one worker process executes at a time.
const fn concurrency(queue: Queue) -> usize {
    match queue {
        Queue::Payments | Queue::Callbacks | Queue::Notifications => 8,
        Queue::Timers | Queue::Fraud => 4,
        Queue::Reconciliation | Queue::Housekeeping => 1,
    }
}

/// Works until `shutdown` resolves. Then it claims no new jobs, lets running jobs finish, and returns ids that were
/// taken from Redis but not started.
///
/// # Errors
/// If the monitor cannot run.
pub async fn run(
    context: Context,
    transport: Transport,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let (stop, stopped) = watch::channel(false);
    let relay = tokio::spawn(relay::run(context.clone(), transport.clone(), stopped.clone()));
    let sequencer = tokio::spawn(sequencer::run(context.clone(), stopped.clone()));
    let schedule = tokio::spawn(schedule::run(context.clone(), stopped));
    let clock = context
        .settings
        .test_clock
        .then(|| tokio::spawn(context.clock.clone().follow(context.store.clone())));
    let mut monitor = Monitor::new()
        .shutdown_timeout(context.settings.shutdown_time_max)
        .should_restart(|worker, error| {
            warn!(worker = worker.name(), %error, "queue worker ended unexpectedly; it is restarted");
            true
        })
        .on_event(|worker, event| {
            if let Event::Error(error) = event {
                warn!(worker = worker.name(), %error, "queue worker reported an error");
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
            info!("worker is stopping: waiting for running jobs");
            Ok(())
        })
        .await;
    let _ = stop.send(true);
    if let Some(clock) = clock {
        clock.abort();
    }
    let _ = tokio::join!(relay, schedule, sequencer);
    info!("worker has stopped");
    result.map_err(std::io::Error::other)
}
