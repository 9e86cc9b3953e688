//! A queue as an apalis backend: one id per task, fetched only when the worker has a free slot.

use std::{
    convert::Infallible,
    fmt, mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use apalis_core::{
    backend::{Backend, BackendConfig, finalize::Ephemeral},
    task::{Task, builder::TaskBuilder, task_id::TaskId},
    worker::context::WorkerContext,
};
use tokio::{sync::watch, task::JoinHandle};
use tower::layer::util::Identity;
use uuid::Uuid;

use crate::{
    fetcher::{Fetcher, Popped, Stop},
    transport::Transport,
};

/// The id of a job's row. Several consumers may get the same id, so the row must be claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct JobId(pub Uuid);

type Fetched = (Box<Fetcher>, Option<Popped>);

enum State {
    Idle(Box<Fetcher>),
    Fetching(JoinHandle<Fetched>),
    Closing(JoinHandle<()>),
    Closed,
}

/// The task source of one worker. It survives outages of Redis and never returns an error.
pub struct Consumer {
    transport: Transport,
    queue: Arc<str>,
    /// Dropped to stop: a running fetch then ends and returns its id to the queue.
    open: Option<watch::Sender<()>>,
    state: State,
}

impl fmt::Debug for Consumer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumer").field("queue", &self.queue).finish_non_exhaustive()
    }
}

impl Consumer {
    pub(crate) fn new(transport: Transport, queue: &str) -> Self {
        let queue: Arc<str> = queue.into();
        let fetcher = Box::new(Fetcher::new(transport.clone(), queue.clone()));
        let (open, _) = watch::channel(());
        Self { transport, queue, open: Some(open), state: State::Idle(fetcher) }
    }

    // A fetch runs in a task of its own. Inside the worker's future it would stop while a stopping worker waits for
    // its last job, and keep an id from other workers.
    fn start(&self, mut fetcher: Box<Fetcher>, worker: &WorkerContext) -> State {
        let Some(open) = &self.open else { return State::Closed };
        let stop = Stop { open: open.subscribe(), worker: worker.clone() };
        State::Fetching(tokio::spawn(async move {
            let popped = fetcher.next(stop).await;
            (fetcher, popped)
        }))
    }
}

impl Backend for Consumer {
    type Task = Task<JobId>;
    type Error = Infallible;

    fn poll_ready(
        &mut self,
        _: &mut Context<'_>,
        _: &WorkerContext,
    ) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        worker: &WorkerContext,
    ) -> Poll<Option<Result<Self::Task, Self::Error>>> {
        loop {
            match mem::replace(&mut self.state, State::Closed) {
                State::Idle(fetcher) => self.state = self.start(fetcher, worker),
                State::Fetching(mut fetch) => match Pin::new(&mut fetch).poll(cx) {
                    Poll::Pending => {
                        self.state = State::Fetching(fetch);
                        return Poll::Pending;
                    }
                    Poll::Ready(Ok((fetcher, popped))) => {
                        self.state = State::Idle(fetcher);
                        return Poll::Ready(popped.map(|popped| Ok(task(&popped))));
                    }
                    // The runtime is shutting down.
                    Poll::Ready(Err(error)) if error.is_cancelled() => return Poll::Ready(None),
                    Poll::Ready(Err(error)) => {
                        tracing::error!(queue = %self.queue, error = %error, "a fetch panicked; it is restarted");
                        let fetcher = Fetcher::new(self.transport.clone(), self.queue.clone());
                        self.state = State::Idle(Box::new(fetcher));
                    }
                },
                state @ (State::Closing(_) | State::Closed) => {
                    self.state = state;
                    return Poll::Ready(None);
                }
            }
        }
    }

    fn poll_close(
        &mut self,
        cx: &mut Context<'_>,
        _: &WorkerContext,
    ) -> Poll<Result<(), Self::Error>> {
        self.open = None;
        loop {
            match mem::replace(&mut self.state, State::Closed) {
                State::Idle(_) | State::Closed => return Poll::Ready(Ok(())),
                State::Fetching(fetch) => self.state = State::Closing(tokio::spawn(settle(fetch))),
                State::Closing(mut settled) => match Pin::new(&mut settled).poll(cx) {
                    Poll::Pending => {
                        self.state = State::Closing(settled);
                        return Poll::Pending;
                    }
                    Poll::Ready(_) => return Poll::Ready(Ok(())),
                },
            }
        }
    }
}

/// Waits for the last fetch, which may have taken an id just before the stop.
async fn settle(fetch: JoinHandle<Fetched>) {
    if let Ok((fetcher, Some(popped))) = fetch.await {
        fetcher.give_back(&popped).await;
    }
}

// apalis panics if a worker gets a task id that it is still working on. Ids can repeat here, so each delivery has a
// task id of its own.
fn task(popped: &Popped) -> Task<JobId> {
    let delivery = TaskId::from_string(Uuid::new_v4().to_string());
    TaskBuilder::new(JobId(popped.id)).task_id(delivery).build()
}

impl BackendConfig for Consumer {
    type Args = JobId;
    type Id = Uuid;
    type Kind = Ephemeral;
    type Config = ();
    type Layer = Identity;

    fn config(&self) -> &Self::Config {
        &()
    }

    fn middleware(&mut self, _: &mut WorkerContext) -> Self::Layer {
        Identity::new()
    }
}
