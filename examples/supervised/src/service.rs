//! The parts of the service, and how they belong together.

use std::future::pending;
use std::time::Duration;

use event_tokio::event_core::{MemoryReader, MemoryValue, MemoryWatcher};
use event_tokio::supervisor::{BoxError, Context, Handle, Signal, boxed};

/// What a key asks a part for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    SensorFails,
    SmootherPanics,
    SmootherHangs,
    UploadFails,
    ClockChanges,
}

impl Wish {
    pub(crate) fn of(key: char) -> Option<Self> {
        Some(match key {
            's' => Self::SensorFails,
            'p' => Self::SmootherPanics,
            'h' => Self::SmootherHangs,
            'u' => Self::UploadFails,
            'c' => Self::ClockChanges,
            _ => return None,
        })
    }
}

/// Waits until somebody wishes for one of these; for ever, if nobody can any more. A part watches before it says that it is healthy:
/// what is wished then is not missed.
async fn wished(wishes: &mut MemoryWatcher<Wish>, which: &[Wish]) -> Wish {
    match wishes.get().filter(|wish| which.contains(wish)).await {
        Ok(wish) => wish,
        Err(_) => pending().await,
    }
}

/// The root: starts the others, and the clock as often as somebody wants.
pub(crate) async fn station(cx: Context, wishes: MemoryValue<Wish>) -> Result<(), BoxError> {
    // What the sensor measures. It is made anew with the station, and outlives its parts.
    let celsius = MemoryValue::new();
    let reader = celsius.reader();
    cx.run_group([
        (
            "sensor",
            boxed({
                let wishes = wishes.clone();
                move |cx| sensor(cx, celsius.clone(), wishes.clone())
            }),
        ),
        (
            "smoother",
            boxed({
                let wishes = wishes.clone();
                move |cx| smoother(cx, reader.clone(), wishes.clone())
            }),
        ),
    ])?;
    cx.run("net", {
        let wishes = wishes.clone();
        move |cx| net(cx, wishes.clone())
    })?;
    let mut clock: Option<Handle> = Some(cx.run("clock", idle)?);
    let mut wish = wishes.watch_changes();
    cx.children_healthy().await;
    cx.signal(Signal::Healthy);
    loop {
        tokio::select! {
            () = cx.cancelled() => return Ok(()),
            _ = wished(&mut wish, &[Wish::ClockChanges]) => {}
        }
        clock = match clock {
            Some(clock) => {
                clock.cancel();
                clock.ended().await;
                None
            }
            // Its name is free again.
            None => Some(cx.run("clock", idle)?),
        };
    }
}

/// Measures twice a second, and fails when somebody wishes.
async fn sensor(cx: Context, celsius: MemoryValue<f64>, wishes: MemoryValue<Wish>) -> Result<(), BoxError> {
    let mut wish = wishes.watch_changes();
    cx.signal(Signal::Healthy);
    for measurement in 0_u32.. {
        celsius.set(20.0 + f64::from(measurement % 7));
        tokio::select! {
            () = cx.cancelled() => break,
            _ = wished(&mut wish, &[Wish::SensorFails]) => return Err("the sensor does not answer".into()),
            () = tokio::time::sleep(Duration::from_millis(500)) => {}
        }
    }
    Ok(())
}

/// Follows the sensor. It is healthy when it has a first measurement.
async fn smoother(cx: Context, celsius: MemoryReader<f64>, wishes: MemoryValue<Wish>) -> Result<(), BoxError> {
    let (mut watcher, mut wish) = (celsius.watch(), wishes.watch_changes());
    let mut smooth = watcher.get().await?;
    cx.signal(Signal::Healthy);
    loop {
        tokio::select! {
            () = cx.cancelled() => return Ok(()),
            which = wished(&mut wish, &[Wish::SmootherPanics, Wish::SmootherHangs]) => match which {
                Wish::SmootherHangs => pending().await,
                _ => panic!("cannot smooth {smooth}"),
            },
            measurement = watcher.get() => smooth = 0.9 * smooth + 0.1 * measurement?,
        }
    }
}

/// The parent of what needs the network. An upload that fails too often is its own failure.
async fn net(cx: Context, wishes: MemoryValue<Wish>) -> Result<(), BoxError> {
    cx.limit(3, Duration::from_secs(60));
    cx.run("link", link)?;
    cx.run("upload", move |cx| upload(cx, wishes.clone()))?;
    cx.children_healthy().await;
    cx.signal(Signal::Healthy);
    cx.cancelled().await;
    Ok(())
}

/// Work that is done after a while.
async fn link(cx: Context) -> Result<(), BoxError> {
    cx.signal(Signal::Healthy);
    tokio::time::sleep(Duration::from_millis(300)).await;
    cx.signal(Signal::Done);
    Ok(())
}

async fn upload(cx: Context, wishes: MemoryValue<Wish>) -> Result<(), BoxError> {
    let mut wish = wishes.watch_changes();
    cx.signal(Signal::Healthy);
    tokio::select! {
        () = cx.cancelled() => Ok(()),
        _ = wished(&mut wish, &[Wish::UploadFails]) => Err("the server hung up".into()),
    }
}

async fn idle(cx: Context) -> Result<(), BoxError> {
    cx.signal(Signal::Healthy);
    cx.cancelled().await;
    Ok(())
}
