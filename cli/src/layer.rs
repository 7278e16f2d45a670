//! A layer of the local stack: servers and tasks that are stopped together.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::warn;

/// How long requests in flight may take to finish when a layer stops.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is stopped together.
pub struct Layer {
    stop: watch::Sender<bool>,
    tasks: JoinSet<io::Result<()>>,
}

impl Layer {
    /// An empty one.
    pub fn new() -> Self {
        Self { stop: watch::Sender::new(false), tasks: JoinSet::new() }
    }

    /// Ends when the layer is to stop.
    pub fn stopped(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut stop = self.stop.subscribe();
        // The sender gone means the same.
        async move { drop(stop.wait_for(|stop| *stop).await) }
    }

    /// Runs a task, which stops by itself when [`Layer::stopped`] ends.
    pub fn run(&mut self, task: impl Future<Output = io::Result<()>> + Send + 'static) {
        self.tasks.spawn(task);
    }

    /// Runs a task, and drops it when the layer is to stop.
    pub fn run_until_stopped(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        let stopped = self.stopped();
        self.run(async move {
            tokio::select! {
                () = stopped => {}
                () = task => {}
            }
            Ok(())
        });
    }

    /// Serves a router to all that listens for it.
    pub fn serve(&mut self, listeners: impl IntoIterator<Item = TcpListener>, router: &Router) {
        for listener in listeners {
            let service = router.clone().into_make_service_with_connect_info::<SocketAddr>();
            let served = axum::serve(listener, service).with_graceful_shutdown(self.stopped());
            self.run(async { served.await });
        }
    }

    /// Stops it, when the requests in flight have been answered.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        let finished = async {
            while let Some(result) = self.tasks.join_next().await {
                if let Ok(Err(error)) = result {
                    warn!(%error, "a server failed");
                }
            }
        };
        if tokio::time::timeout(PATIENCE, finished).await.is_err() {
            warn!("some requests in flight did not finish within {} s", PATIENCE.as_secs());
        }
    }
}
