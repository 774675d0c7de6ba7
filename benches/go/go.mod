// What Rust's harness in benches/src runs beside the crates, see benches/go.sh.
module event-benches/go

go 1.19
