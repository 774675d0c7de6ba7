//! Three candidates for one office, and what becomes of them when their leader is cut off, in a cluster in memory; or one candidate
//! in a real cluster.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "programs have std")]

use std::time::Duration;

use event_etcd::test_util::FakeCluster;
use event_etcd::{BoxError, EtcdClient};
use leader::Office;
use tokio::runtime::Builder;
use tokio::time::{Instant, sleep};

const KEY: &str = "leader";
const TIME_TO_LIVE: Duration = Duration::from_secs(2);

fn main() -> Result<(), BoxError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // In memory nobody has to wait: whenever all tasks do, the clock goes on to the next thing that happens.
    let runtime = Builder::new_current_thread().enable_all().start_paused(arguments.is_empty()).build()?;
    runtime.block_on(async {
        match &*arguments {
            [] => demonstrate().await,
            [endpoint, name] => run(EtcdClient::connect([endpoint]).await?, name.clone(), Instant::now()).await,
            _ => {
                eprintln!("usage: leader [ENDPOINT NAME]; without arguments, it shows an election in memory");
                std::process::exit(2);
            }
        }
    })
}

/// A candidate, for ever: leads when it is elected, and is a candidate again when it has lost the office.
async fn run(client: EtcdClient, name: String, start: Instant) -> Result<(), BoxError> {
    let office = Office::new(&client, KEY)?;
    let say = |what: &str| println!("{:5.2} s  {name}: {what}", start.elapsed().as_secs_f64());
    loop {
        say("candidate");
        match office.campaign(&name, TIME_TO_LIVE).await {
            Ok(term) => {
                say("leader");
                // A leader's work; this one is never done.
                let work = std::future::pending::<()>();
                if term.act(work).await.is_none() {
                    say("no leader any more");
                }
            }
            Err(error) => {
                say(&format!("cannot campaign: {error}"));
                sleep(TIME_TO_LIVE).await;
            }
        }
    }
}

async fn demonstrate() -> Result<(), BoxError> {
    let (cluster, start) = (FakeCluster::new(), Instant::now());
    let say = |what: String| println!("{:5.2} s  -- {what}", start.elapsed().as_secs_f64());
    let members = ["Ada", "Ben", "Cleo"].map(|name| (name, cluster.member()));
    for (name, member) in &members {
        tokio::spawn(run(member.client(), (*name).to_owned(), start));
    }
    let office = Office::new(&cluster.client(), KEY)?;
    for _ in 0..2 {
        office.wait(|holder| holder.is_some()).await?;
        let leader = cluster.get(KEY).unwrap_or_default();
        let Some((name, member)) = members.iter().find(|(name, _)| name.as_bytes() == leader) else { continue };
        sleep(TIME_TO_LIVE / 2).await;
        say(format!("{name} is cut off"));
        member.pause();
        office.wait(|holder| holder != Some(name)).await?;
        office.wait(|holder| holder.is_some()).await?;
        sleep(TIME_TO_LIVE / 2).await;
        say(format!("{name} is back"));
        member.resume();
    }
    sleep(TIME_TO_LIVE / 2).await;
    Ok(())
}
