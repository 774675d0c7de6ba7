//! As much of HTTP as the servers' own pages need.

use core::net::SocketAddr;
use core::time::Duration;
use std::io::{self, Read, Write};
use std::net::TcpStream;

/// The whole answer, headers included. A server that is stopped or cut off is an error soon.
pub(crate) fn request(address: SocketAddr, request: &str, body: &str) -> io::Result<String> {
    request_as(address, request, None, body)
}

/// The same, with a token of etcd's.
pub(crate) fn request_as(address: SocketAddr, request: &str, token: Option<&str>, body: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_millis(500))?;
    stream.set_read_timeout(Some(Duration::from_secs(1)))?;
    // 1.0: neither chunks, nor a connection that stays.
    let token = token.map(|token| format!("Authorization: {token}\r\n")).unwrap_or_default();
    write!(stream, "{request} HTTP/1.0\r\nHost: {address}\r\n{token}Content-Length: {}\r\n\r\n{body}", body.len())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// The text or number `"name":"..."` in a piece of JSON.
pub(crate) fn field<'a>(json: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = json.split_once(&format!("\"{name}\":\""))?;
    rest.split('"').next()
}
