/* Sync mode: what src/memory/sync_mode.rs does for setters that each `set_sync` once, while watchers come, look, move and go. A step is
 * an access of memory; what is done under the lock meets what others do without it. Sequentially consistent: orderings are what the
 * litmus tests are for.
 *
 * Checked: each `set_sync` completes (else it is an invalid end state), and not before every watcher that there was has seen what it
 * set, or has gone; marks are as many as their number says. There is no cycle of steps without progress.
 *
 * Bounds: SETTERS, up to three; WATCHERS, each of which comes at any time, looks whenever there is something new, and goes at any time
 * or only when the setters are through; with MOVES, each may move to another place once. With GIVES_UP, the first setter may leave the line
 * while it waits.
 *
 * Wrong on purpose, each to be found:
 *   BORN_SILENTLY     a new watcher to which what is in force is seen does not say that it has seen it
 *   GO_SILENTLY       a watcher that goes does not say that it owes nothing
 *   GO_UNDECLARED     it does not declare that it leaves
 *   LOOK_FIRST        it declares it after it has looked for the sync mode
 *   PAY_WITH_ANY      a watcher that has seen any version owes nothing
 *   MOVE_SILENTLY     a watcher that moves leaves its mark behind
 *   LEAVE_FIRST       a watcher that moves declares that it leaves before it has the lock
 *   MOVE_TWICE        a mark that it finds at its new place is counted once more
 *   LEAVE_SILENTLY    a setter that gives up does not wake the next one
 */
#ifndef WATCHERS
#define WATCHERS 2
#endif
#ifndef SETTERS
#define SETTERS 1
#endif

#ifdef MOVES
#define PLACES (2 * WATCHERS)
#else
#define PLACES WATCHERS
#endif
#define NOBODY 255

/* The word: what is in force, and whether it is awaited. */
byte version;
bit is_awaited;
bit mode; /* there is a SyncMode */
bit taken[PLACES], leaving[PLACES];

/* The SyncMode, under its lock. */
bit lock;
byte line[3];
byte awaited, owing;
bit marked[PLACES];
bit bell[SETTERS];

/* What the code does not know. */
byte seen[WATCHERS];
bit here[WATCHERS];
byte setters_done, at_end;

inline lock_it() { d_step { !lock -> lock = 1 } }
inline unlock_it() { lock = 0 }

/* The following are done under the lock, and touch nothing that is touched without it, but for `is_awaited`. */
inline leave_line() {
  line[0] = line[1]; line[1] = line[2]; line[2] = NOBODY;
#ifdef LEAVE_SILENTLY
  if :: gave_up :: else if :: line[0] != NOBODY -> bell[line[0]] = 1 :: else fi fi
#else
  if :: line[0] != NOBODY -> bell[line[0]] = 1 :: else fi
#endif
}

inline end_turn_if_seen() {
  d_step {
    if
    :: awaited != 0 && owing == 0 ->
      awaited = 0; is_awaited = 0;
      bell[line[0]] = 1;
      leave_line()
    :: else
    fi
  }
}

inline pay(p) {
  d_step { if :: awaited != 0 && marked[p] -> marked[p] = 0; assert(owing > 0); owing-- :: else fi }
}

/* Without it: from here on for the owner of a place. */
inline owes_nothing(p) {
  lock_it(); pay(p); end_turn_if_seen(); unlock_it()
}

/* A watcher has looked at `v`, whose word was awaited. */
inline saw(p, v, ok) {
  if
  :: ok ->
    lock_it();
#ifdef PAY_WITH_ANY
    pay(p);
#else
    if :: awaited != 0 && v >= awaited -> pay(p) :: else fi;
#endif
    end_turn_if_seen();
    unlock_it()
  :: else
  fi;
  v = 0; ok = 0
}

/* The mark of a place that is left goes to the new one. */
inline move(p, q) {
  lock_it();
  d_step {
    if
    :: awaited != 0 && marked[p] ->
      marked[p] = 0;
#ifdef MOVE_TWICE
      marked[q] = 1
#else
      if :: marked[q] -> owing-- :: else -> marked[q] = 1 fi
#endif
    :: else
    fi;
    leaving[p] = 1
  };
  end_turn_if_seen();
  unlock_it()
}

inline claim(p) {
  p = 0;
  do
  :: d_step { !taken[p] -> taken[p] = 1 } break
  :: taken[p] -> p++; assert(p < PLACES)
  od;
  leaving[p] = 0
}

proctype Setter(byte me) {
  byte mine = 0, i = 0;
  bit ok = 0, gave_up = 0;
  bit owed[WATCHERS];
  mode = 1;
  lock_it();
  d_step {
    if
    :: line[0] == NOBODY -> line[0] = me
    :: line[0] != NOBODY && line[1] == NOBODY -> line[1] = me
    :: else -> line[2] = me
    fi
  };
  unlock_it();
  do
  :: lock_it(); ok = (line[0] == me); unlock_it();
    if
    :: ok -> break
    :: else -> d_step { bell[me] -> bell[me] = 0 }
    fi
  od;
  lock_it();
  d_step {
    version++; mine = version; is_awaited = 1;
    do :: i < WATCHERS -> owed[i] = here[i]; i++ :: else -> break od;
    i = 0
  };
  awaited = mine;
  do
  :: i < PLACES -> d_step { marked[i] = (taken[i] && !leaving[i]); owing = owing + marked[i]; i++ }
  :: else -> break
  od;
  i = 0;
  unlock_it();
  do
  :: lock_it();
    if :: line[0] == me -> end_turn_if_seen() :: else fi;
    ok = (line[0] != me);
    unlock_it();
    if
    :: ok -> break
    :: else ->
      if
      :: d_step { bell[me] -> bell[me] = 0 }
#ifdef GIVES_UP
      :: me == 0 ->
        lock_it();
        d_step { if :: line[0] == me -> gave_up = 1; awaited = 0; owing = 0; is_awaited = 0; leave_line() :: else fi };
        unlock_it()
#endif
      fi
    fi
  od;
  i = 0;
  d_step {
    do
    :: i < WATCHERS -> assert(gave_up || !owed[i] || !here[i] || seen[i] >= mine); i++
    :: else -> break
    od
  };
  setters_done++;
  at_end++
}

proctype Watcher(byte me) {
  byte p = 0, q = 0, v = 0;
  bit ok = 0, moved = 0, gave_up = 0, stays = 0;
  if :: stays = 1 :: stays = 0 fi;
  claim(p);
  if :: mode -> owes_nothing(p) :: else fi;
  /* `watch`, or `watch_changes`, to which what is in force is seen. */
  if
  :: true
  :: d_step { v = version; ok = is_awaited };
    seen[me] = v;
#ifdef BORN_SILENTLY
    v = 0; ok = 0
#else
    saw(p, v, ok)
#endif
  fi;
  here[me] = 1;
  do
  :: seen[me] != version ->
    d_step { v = version; ok = is_awaited };
    seen[me] = v;
    saw(p, v, ok)
#ifdef MOVES
  :: !moved ->
    moved = 1;
    claim(q);
#ifdef MOVE_SILENTLY
    leaving[p] = 1;
#else
#ifdef LEAVE_FIRST
    leaving[p] = 1;
    if :: mode -> move(p, q) :: else fi;
#else
    if :: mode -> move(p, q) :: else -> leaving[p] = 1; if :: mode -> move(p, q) :: else fi fi;
#endif
#endif
    taken[p] = 0;
    p = q; q = 0
#endif
  :: !stays -> break
  :: setters_done == SETTERS -> break
  od;
  here[me] = 0;
#ifdef LOOK_FIRST
  ok = mode;
  leaving[p] = 1;
#else
#ifndef GO_UNDECLARED
  leaving[p] = 1;
#endif
  ok = mode;
#endif
#ifndef GO_SILENTLY
  if :: ok -> owes_nothing(p) :: else fi;
#endif
  taken[p] = 0;
  at_end++
}

init {
  byte i = 0;
  atomic {
    line[0] = NOBODY; line[1] = NOBODY; line[2] = NOBODY;
    do :: i < SETTERS -> run Setter(i); i++ :: else -> break od;
    i = 0;
    do :: i < WATCHERS -> run Watcher(i); i++ :: else -> break od;
    i = 0
  };
  at_end == SETTERS + WATCHERS;
  assert(awaited == 0 && owing == 0 && !is_awaited && line[0] == NOBODY);
  do
  :: i < PLACES -> assert(!taken[i]); i++
  :: else -> break
  od
}
