//! What the table shows, on a terminal that is not there.

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::Color;

use super::*;

fn service(load: u8) -> Service {
    Service { address: "192.0.2.7:80".into(), load }
}

#[test]
fn the_table_has_a_row_per_service_and_marks_what_has_changed() {
    let services = Services::new();
    services.insert("eu/one".into(), service(7));
    services.insert("us/two".into(), service(0));
    let before = services.snapshot();
    services.insert("us/two".into(), service(42));
    let mut terminal = Terminal::new(TestBackend::new(100, 6)).unwrap();
    terminal.draw(|frame| draw(frame, &services.snapshot(), &before, &State::default())).unwrap();
    let buffer = terminal.backend().buffer();
    let line = |y: u16| (0..100).map(|x| buffer[(x, y)].symbol()).collect::<String>();
    assert!(
        line(0).contains("2 services in version") && line(0).contains("what the consumer of eu has"),
        "{}",
        line(0)
    );
    assert!(line(2).contains("eu/one") && line(2).contains("192.0.2.7:80") && line(2).contains("  7 %"), "{}", line(2));
    assert!(line(3).contains("us/two") && line(3).contains(" 42 %"), "{}", line(3));
    assert_eq!((buffer[(1, 2)].fg, buffer[(1, 3)].fg), (Color::Reset, Color::Yellow));
}

#[tokio::test(flavor = "current_thread")]
async fn the_consumer_keeps_its_region_alone() {
    let (services, kept, quit) = (Services::new(), Services::new(), CancellationToken::new());
    let consumer = tokio::spawn(keep(services.reader(), kept.clone(), quit.clone()));
    for key in ["ap/1", "eu/1", "eu/2", "us/1"] {
        services.insert(key.into(), service(1));
    }
    let mut states = kept.watch_snapshots();
    assert!(states.get().filter(|state| state.keys().eq(["eu/1", "eu/2"])).await.is_ok());
    services.retain(|key, _| key != "eu/1");
    assert!(states.get().filter(|state| state.keys().eq(["eu/2"])).await.is_ok());
    quit.cancel();
    consumer.await.unwrap();
}
