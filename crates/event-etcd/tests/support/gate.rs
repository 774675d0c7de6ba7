//! A gate between a client and a server: the client is away while it is closed, and the server knows nothing of it.

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Where a client connects to instead of the server. Closed, it ends every connection, and each new one at once.
#[derive(Debug)]
pub(crate) struct Gate {
    endpoint: String,
    open: watch::Sender<bool>,
}

impl Gate {
    /// An open one in front of a server, for as long as this runtime lives.
    pub(crate) async fn before(server: &str) -> Self {
        let server = server.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port on loopback");
        let endpoint = format!("http://{}", listener.local_addr().expect("it is bound"));
        let (open, state) = watch::channel(true);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass(client, server.clone(), state.clone()));
            }
        });
        Self { endpoint, open }
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    pub(crate) fn close(&self) {
        self.open.send_replace(false);
    }

    pub(crate) fn open(&self) {
        self.open.send_replace(true);
    }
}

/// Passes everything on, both ways, until one side ends or the gate closes.
async fn pass(mut client: TcpStream, server: String, mut open: watch::Receiver<bool>) {
    let passing = async {
        let mut server = TcpStream::connect(server).await?;
        copy_bidirectional(&mut client, &mut server).await
    };
    tokio::select! {
        _ = open.wait_for(|open| !open) => {}
        // Whoever ends it, the client sees its connection end.
        _ = passing => {}
    }
}
