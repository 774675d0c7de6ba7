//! The conformance suite's pipes, into bounded channels of async-std's.

use std::sync::mpsc::TryRecvError;

use async_std::channel::{self, Receiver, Sender};

/// `channel::bounded`. Whoever waits stands in line with an item; a newer one goes to the end of the line. That the channel
/// was closed nobody can wait for but those who wait for a place.
struct Bounded;

impl event_tests::pipes::Channel for Bounded {
    type Adapter = event_async_std::AsyncStd;
    type Sender<T: Send + 'static> = Sender<T>;
    type Receiver<T: Send + 'static> = Receiver<T>;
    const TELLS_THE_IDLE: bool = false;
    const KEEPS_THE_TURN: bool = false;

    fn bounded<T: Send + 'static>(places: usize) -> (Sender<T>, Receiver<T>) {
        channel::bounded(places)
    }

    fn try_send<T: Send + 'static>(sender: &Sender<T>, item: T) -> bool {
        sender.try_send(item).is_ok()
    }

    fn try_receive<T: Send + 'static>(receiver: &mut Receiver<T>) -> Result<T, TryRecvError> {
        receiver.try_recv().map_err(|error| match error {
            channel::TryRecvError::Empty => TryRecvError::Empty,
            channel::TryRecvError::Closed => TryRecvError::Disconnected,
        })
    }

    fn close<T: Send + 'static>(receiver: &mut Receiver<T>) {
        receiver.close();
    }
}

event_tests::pipes!(Bounded);
