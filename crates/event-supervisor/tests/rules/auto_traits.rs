//! `Send` and `Sync` of everything that is public, checked by the compiler.

use event_supervisor::{
    Backoff, BoxError, BoxRunnable, Builder, Cancelled, Context, Handle, NoSuchRunnable, NodeStatus, StartError, State,
    Supervisor, Transition, Tree,
};

use crate::support::{Puppet, SimRuntime};

fn is_send<T: Send>() {}
fn is_send_and_sync<T: Send + Sync + Unpin>() {}

#[test]
fn everything_can_be_sent_and_nearly_everything_shared() {
    is_send_and_sync::<(Backoff, Builder, Context, Handle, NoSuchRunnable, Supervisor)>();
    is_send_and_sync::<(Cancelled<'_>, NodeStatus, StartError, State, Transition, Tree)>();
    is_send::<BoxRunnable>();
    #[cfg(feature = "std")]
    is_send::<event_supervisor::Local<std::rc::Rc<()>>>();
}

#[test]
fn futures_can_be_spawned() {
    fn spawned<F: Future + Send + 'static>(_: fn(Supervisor) -> F) {}
    fn once<F: Future<Output = Result<(), BoxError>> + Send>(_: fn(SimRuntime, Puppet) -> F) {}
    spawned(Supervisor::stop);
    spawned(|supervisor| async move { supervisor.ended().await });
    once(event_supervisor::run_once);
}
