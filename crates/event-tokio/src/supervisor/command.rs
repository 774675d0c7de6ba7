//! Child processes as runnables.

use core::future::{Future, poll_fn};
use core::pin::pin;
use core::task::Poll;

use event_supervisor::{BoxError, Context, Runnable, Signal};
use tokio::process::{Child, Command};

/// Runs a program as a child process: each time it is run, a new one.
///
/// It is healthy as soon as the process has been started. A process that ends with the status 0 is done, unless
/// [`restart_on_success`](RunCommand::restart_on_success) says otherwise; any other end is a death, with the status as the error.
///
/// When the runnable is cancelled, it sends SIGTERM and waits for the process to end. A process that has not ended after the
/// [grace period](event_supervisor::Builder::grace) is killed, as with everything that drops the run. Systems without
/// signals kill it immediately. Processes that the child process has started are not signalled.
///
/// # Examples
///
/// ```no_run
/// use event_tokio::supervisor::{BoxError, Context, Signal, run_command};
/// use tokio::process::Command;
///
/// async fn app(cx: Context) -> Result<(), BoxError> {
///     let mut server = Command::new("python3");
///     server.args(["-m", "http.server", "8000"]);
///     cx.run("server", run_command(server))?;
///     cx.signal(Signal::Healthy);
///     cx.cancelled().await;
///     Ok(())
/// }
/// ```
pub fn run_command(mut command: Command) -> RunCommand {
    command.kill_on_drop(true);
    RunCommand { command, restarts_on_success: false }
}

/// A child process as a runnable. Made by [`run_command`].
#[derive(Debug)]
#[must_use = "it does nothing until it is run"]
pub struct RunCommand {
    command: Command,
    restarts_on_success: bool,
}

impl RunCommand {
    /// Counts the status 0 as a death, too: for programs that should never end.
    pub fn restart_on_success(self) -> Self {
        Self { restarts_on_success: true, ..self }
    }
}

impl Runnable<Context> for RunCommand {
    async fn run(&mut self, cx: Context) -> Result<(), BoxError> {
        let program = self.command.as_std().get_program().to_owned();
        let mut child = self.command.spawn().map_err(|error| format!("cannot start {program:?}: {error}"))?;
        cx.signal(Signal::Healthy);
        let status = {
            let (mut ended, mut cancelled) = (pin!(child.wait()), pin!(cx.cancelled()));
            poll_fn(|task| match ended.as_mut().poll(task) {
                Poll::Ready(status) => Poll::Ready(Some(status)),
                Poll::Pending => cancelled.as_mut().poll(task).map(|()| None),
            })
            .await
        };
        let Some(status) = status.transpose()? else {
            terminate(&mut child)?;
            child.wait().await?;
            return Ok(());
        };
        if !status.success() || self.restarts_on_success {
            return Err(format!("{program:?} ended: {status}").into());
        }
        cx.signal(Signal::Done);
        Ok(())
    }
}

/// Asks the process to end.
#[cfg(unix)]
fn terminate(child: &mut Child) -> Result<(), BoxError> {
    use rustix::process::{Pid, Signal, kill_process};

    // Until the child was waited for, no other process has its number.
    let id = child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?));
    Ok(id.map_or(Ok(()), |id| kill_process(id, Signal::TERM))?)
}

#[cfg(not(unix))]
fn terminate(child: &mut Child) -> Result<(), BoxError> {
    Ok(child.start_kill()?)
}
