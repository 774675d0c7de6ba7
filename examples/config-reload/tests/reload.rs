//! The program serves what is in its file, also after a change, and ends by Ctrl-C.

#![cfg(unix)]
#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "tests have std")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

/// Ended whatever happens to the test.
struct Service(Child);

impl Drop for Service {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

fn page(address: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").expect("it reads");
    let mut page = String::new();
    stream.read_to_string(&mut page).expect("it answers");
    page
}

#[test]
fn a_page_shows_what_is_in_the_file_now() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("config-reload");
    std::fs::create_dir_all(&folder).expect("the folder can be made");
    let file = folder.join("config.json");
    std::fs::write(&file, r#"{"title": "first", "text": ""}"#).expect("the file can be written");

    let mut command = Command::new(env!("CARGO_BIN_EXE_config-reload"));
    let child = command.arg(&file).arg("127.0.0.1:0").stdout(Stdio::piped()).spawn().expect("it starts");
    let mut service = Service(child);
    let id = service.0.id().to_string();
    std::thread::spawn({
        let id = id.clone();
        move || {
            // A program that never prints what is expected must not hold up all tests.
            std::thread::sleep(std::time::Duration::from_secs(120));
            _ = Command::new("kill").args(["-KILL", &id]).status();
        }
    });
    let mut lines =
        BufReader::new(service.0.stdout.take().expect("it is piped")).lines().map(|line| line.expect("it is text"));
    let mut line_with =
        |text: &str| lines.find(|line| line.contains(text)).unwrap_or_else(|| panic!("it ended without {text:?}"));

    let address = line_with("listening on").split("//").nth(1).expect("it prints its address").to_owned();
    assert!(page(&address).contains("<h1>first</h1>"));

    // A file that is half written is no configuration: what was there stays.
    std::fs::write(&file, r#"{"title": "#).expect("the file can be written");
    std::fs::write(&file, r#"{"title": "second", "text": ""}"#).expect("the file can be written");
    line_with("second");
    assert!(page(&address).contains("<h1>second</h1>"));

    let interrupt = Command::new("kill").args(["-INT", &id]).status();
    assert!(interrupt.expect("there is `kill`").success());
    line_with("ended");
    assert!(service.0.wait().expect("it ends").success());
}
