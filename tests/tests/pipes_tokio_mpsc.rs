//! The conformance suite's pipes, into bounded channels of tokio's.

use std::sync::mpsc::TryRecvError;

use tokio::sync::mpsc::{Receiver, Sender, channel, error};

/// `mpsc::channel`. Whoever waits stands in line with a place to come and not with an item.
struct Mpsc;

impl event_tests::pipes::Channel for Mpsc {
    type Adapter = event_tokio::Tokio;
    type Sender<T: Send + 'static> = Sender<T>;
    type Receiver<T: Send + 'static> = Receiver<T>;
    const TELLS_THE_IDLE: bool = true;
    const KEEPS_THE_TURN: bool = true;

    fn bounded<T: Send + 'static>(places: usize) -> (Sender<T>, Receiver<T>) {
        channel(places)
    }

    fn try_send<T: Send + 'static>(sender: &Sender<T>, item: T) -> bool {
        sender.try_send(item).is_ok()
    }

    fn try_receive<T: Send + 'static>(receiver: &mut Receiver<T>) -> Result<T, TryRecvError> {
        receiver.try_recv().map_err(|error| match error {
            error::TryRecvError::Empty => TryRecvError::Empty,
            error::TryRecvError::Disconnected => TryRecvError::Disconnected,
        })
    }

    fn close<T: Send + 'static>(receiver: &mut Receiver<T>) {
        receiver.close();
    }
}

event_tests::pipes!(Mpsc);
