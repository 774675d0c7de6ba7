//! What `--help` says, in lines of 80 columns.

pub(crate) const ABOUT: &str = "\
Follows the network state of this machine: its name and its addresses.

A service learns the state and sets it into a watched value. Three consumers
follow the value, each at its own pace: one keeps a hosts file, one prints what
has changed, and a slow one shows that it gets the newest state, however many
it has missed. A supervisor restarts them when one of them fails.";

pub(crate) const HOSTS: &str = "\
Keep a hosts file at PATH: it is replaced, in one step, whenever the
addresses have changed. Its permissions stay. The directory has to
exist and to be writable.";

pub(crate) const SIMULATE: &str = "Play a scripted DHCP lease instead of asking the machine.";

pub(crate) const STEP: &str = "Time between two events of the script, in milliseconds.\n";

pub(crate) const EXIT_AFTER_SCRIPT: &str = "End after the last event of the script, instead of waiting for Ctrl-C.";

pub(crate) const SLOW: &str = "\
How long the slow consumer rests after each state, in milliseconds.
";

pub(crate) const CRASH_AFTER: &str = "\
Let the service fail, and then a consumer; all parts are restarted.
The service panics SECONDS after its start. After a pause all parts
are started again, each consumer with the current state. SECONDS
later, the consumer that prints what has changed ends with an error.
After another pause, about twice as long, all parts are started once
more, and nothing fails any more. SECONDS may have a fraction.";

pub(crate) const ETCD: &str = "\
Publish the state in the etcd cluster with these endpoints, such as
http://127.0.0.1:2379, separated by commas. The state is published
with a lease, so it is deleted when this process ends or dies.";

pub(crate) const FOLLOW: &str = "\
Run no service; the consumers follow what a service in another
process publishes in the cluster.";

pub(crate) const KEY: &str = "The key in the cluster.";

/// How to get a program that has a cluster.
const WITH_CLUSTER: &str = "cargo run -p network-status --features etcd --";

/// What comes after the options.
pub(crate) fn after(name: &str, has_cluster: bool) -> String {
    let cluster = if has_cluster {
        format!(
            "Publish the state in a cluster, and follow it in another process:
      {name} --etcd http://127.0.0.1:2379 --simulate
      {name} --etcd http://127.0.0.1:2379 --follow"
        )
    } else {
        format!(
            "Publish the state in an etcd cluster, which takes another build:
      {WITH_CLUSTER} --help"
        )
    };
    let tree = if cfg!(unix) { "SIGUSR1 and Ctrl-C print" } else { "Ctrl-C prints" };
    format!(
        "Examples:
  Follow this machine, and see what happens when an address comes or goes:
      {name}
  Keep a hosts file in step with it:
      {name} --hosts ./hosts
  Play the script, twice as fast as usual, and end when it is over:
      {name} --simulate --step 500 --exit-after-script
  See the parts survive a failure of the service, and one of a consumer:
      {name} --simulate --crash-after 2.5
  {cluster}

Each line begins with the time since the start and the part that it is about.
{tree} the state of all parts.

Exit codes: 0 after Ctrl-C, SIGTERM or the script, 1 after a failure, 2 for a
wrong command line."
    )
}

/// What to do about an option that needs a cluster.
pub(crate) fn no_cluster(name: &str, option: &str) -> String {
    format!(
        "--{option} needs etcd, which this {name} was built without.
Run this instead:

  {WITH_CLUSTER} --etcd http://127.0.0.1:2379"
    )
}
