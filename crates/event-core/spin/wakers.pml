/* The waker list with its levels and tickets: what src/wakers/ does, as one step an access of memory, in any order of the threads.
 * Sequentially consistent: orderings are what the litmus tests are for.
 *
 * The root is in the cell's word, together with the version; with OWN_ROOT it is a word of its own, as for those who wait for watchers,
 * readers, handles or the end. Node 0 has a bit of its own in the root. Nodes 1 and 2 are in the one leaf of the first directory, and
 * node 3 in that of the second one, which is linked by the first watcher that finds no other node.
 *
 * Checked: a watcher that waits though something was published since it looked is woken (else it is an invalid end state); no waker is
 * written or dropped while a setter calls it; in the end every node is free and holds no waker. There is no cycle of steps without
 * progress.
 *
 * Bounds: WATCHERS, each of which waits until it has seen the last version, and, with MOVES, is polled once more in between by another
 * task, so that it stores another waker; the first HOLDERS nodes are taken by watchers that are never polled; SETTERS that each set once.
 * With LEAVES, the first watcher is dropped after its first poll.
 *
 * Wrong on purpose, each to be found:
 *   NO_TICKETS            a waker is written, and a node freed, whoever may call it
 *   FORGET_ORPHANS        the last ticket does not free the node of an owner that has gone
 *   CLIMB_FROM_THE_TOP    a watcher below sets the root's bit first, and then those below it
 *   CLIMB_HALF_WAY        a watcher that finds its directory's bit set does not look at the root
 *   LEAD_WITHOUT_LOOK     a watcher below relies on the root's bit that it saw before it had set those below
 *   DESCEND_FROM_BELOW    a setter clears a directory's bit when it has taken those of the leaf
 *   FOLLOW_FIRST          a setter looks which directories there are before it publishes
 *   ARM_AFTER_LOOK        OWN_ROOT: one who waits looks, and then arms
 *   WAKE_BEFORE_CHANGE    OWN_ROOT: a setter takes the bits, and then publishes
 */
#ifndef WATCHERS
#define WATCHERS 2
#endif
#ifndef SETTERS
#define SETTERS 1
#endif
#ifndef HOLDERS
#define HOLDERS 0
#endif

#define NODES 4
#define NOBODY 255
#define FIRST 1 /* the bit of node 0 in the root */
#define BELOW 2

/* The cell's word, or a version and a root of their own. */
byte version, root;
/* The armed bits of a leaf and the summary of its directory, which has one leaf. */
byte armed[2];
bit summary[2];
bit linked[2]; /* the second directory, and with it its leaf, is linked later */
bit taken[NODES];
byte waker[NODES]; /* whose: NOBODY, or the number of a bell */
byte issued[NODES], returned[NODES];
bit orphan[NODES];
bit bell[2 * WATCHERS];

/* What the code does not know. */
byte calls[NODES];
byte at_end;

#define leaf_of(n) ((n) == 3)
#define bit_of(n) ((n) == 2 -> 2 : 1)

/* Frees a node, whose waker is dropped. */
inline free(n) {
  d_step { assert(calls[n] == 0); waker[n] = NOBODY };
  taken[n] = 0
}

/* A bit was taken: calls the waker, and gives the ticket back. */
inline call(n, w) {
  d_step { calls[n]++; w = waker[n] };
  d_step { assert(waker[n] == w); calls[n]--; if :: w != NOBODY -> bell[w] = 1 :: else fi };
  d_step { returned[n]++; w = (orphan[n] && returned[n] == issued[n]) };
#ifndef FORGET_ORPHANS
  if :: w -> free(n) :: else fi;
#endif
  w = 0
}

inline sweep(bits, d, b, w, seen) {
  if :: bits & FIRST -> call(0, w) :: else fi;
  d = 0;
  do
  :: !(bits & BELOW) || d == 2 -> break
  :: else ->
#ifdef FOLLOW_FIRST
    if
    :: !(seen & (1 << d)) -> break
#else
    if
    :: !linked[d] -> break
#endif
    :: else ->
#ifdef DESCEND_FROM_BELOW
      b = summary[d];
      if :: b -> d_step { b = armed[d]; armed[d] = 0 }; summary[d] = 0 :: else fi;
#else
      d_step { b = summary[d]; summary[d] = 0 };
      if :: b -> d_step { b = armed[d]; armed[d] = 0 } :: else fi;
#endif
      if :: (b & 1) && d == 0 -> call(1, w) :: (b & 1) && d == 1 -> call(3, w) :: else fi;
      if :: b & 2 -> call(2, w) :: else fi;
      b = 0; d++
    fi
  od;
  d = 0; bits = 0
}

proctype Setter() {
  byte bits = 0, d = 0, b = 0, w = 0, seen = 0;
#ifdef FOLLOW_FIRST
  d_step { seen = linked[0] + 2 * linked[1] };
#endif
#ifdef OWN_ROOT
#ifdef WAKE_BEFORE_CHANGE
  bits = root;
  if :: bits -> d_step { bits = root; root = 0 } :: else fi;
  version++;
#else
  version++;
  bits = root;
  if :: bits -> d_step { bits = root; root = 0 } :: else fi;
#endif
#else
  d_step { version++; bits = root; root = 0 };
#endif
  sweep(bits, d, b, w, seen);
  at_end++
}

inline claim(n) {
  n = 0;
  do
  :: n < NODES && (n < 3 || linked[1]) ->
    if
    :: d_step { !taken[n] -> taken[n] = 1; issued[n] = 0; returned[n] = 0; orphan[n] = 0 } break
    :: taken[n] -> n++
    fi
  :: n == 3 && !linked[1] -> linked[1] = 1
  :: n == NODES -> n = 0
  od
}

/* Clears the node's armed bit. */
inline disarm(n, ok) {
  if
  :: n == 0 -> d_step { ok = ((root & FIRST) != 0); root = root & BELOW }
  :: else -> d_step { ok = ((armed[leaf_of(n)] & bit_of(n)) != 0); armed[leaf_of(n)] = armed[leaf_of(n)] & (3 - bit_of(n)) }
  fi;
  if :: ok -> issued[n]-- :: else fi;
  ok = 0
}

inline release(n, ok) {
  disarm(n, ok);
#ifdef NO_TICKETS
  ok = 1;
#else
  ok = (returned[n] == issued[n]);
  if :: !ok -> d_step { orphan[n] = 1; ok = (returned[n] == issued[n]) } :: else fi;
#endif
  if :: ok -> free(n) :: else fi;
  ok = 0
}

inline lead(n, ok) {
  if
  :: n != 0 ->
    ok = ((armed[leaf_of(n)] & bit_of(n)) == 0);
    if
    :: ok -> d_step { armed[leaf_of(n)] = armed[leaf_of(n)] | bit_of(n) }; issued[n]++
    :: else
    fi;
    /* `ok`: the directory's bit was set already */
    ok = summary[leaf_of(n)];
    if :: !ok -> summary[leaf_of(n)] = 1 :: else fi
  :: else
  fi
}

/* Looks at the version, and arms if there is nothing new: `waits`. */
inline poll(n, other, mine, seen, v, r, ok, waits) {
  waits = 0;
#ifdef OWN_ROOT
#ifdef ARM_AFTER_LOOK
  v = version;
#endif
#else
  d_step { v = version; r = root };
#endif
  do
#ifndef OWN_ROOT
  :: v != seen -> seen = v; break
  :: v == seen ->
#else
  :: true ->
#endif
#ifdef CLIMB_FROM_THE_TOP
    d_step { ok = (v == version); if :: ok -> root = root | BELOW :: else -> v = version fi };
    if
    :: ok -> waker[n] = mine; lead(n, ok); ok = 0; waits = 1; break
    :: else -> seen = v; break
    fi;
#endif
    if
    :: waker[n] == mine -> lead(n, ok)
    :: else ->
      disarm(n, ok);
#ifndef NO_TICKETS
      if
      :: returned[n] != issued[n] -> other = n; claim(n); release(other, ok); other = 0
      :: else
      fi;
#endif
      d_step { assert(calls[n] == 0); waker[n] = mine };
      lead(n, ok);
#ifndef LEAD_WITHOUT_LOOK
#ifndef OWN_ROOT
      /* The root has changed. */
      if :: n == 0 -> d_step { r = root; if :: v != version -> v = version :: else fi } :: else fi
#endif
#endif
    fi;
#ifdef CLIMB_HALF_WAY
    if :: n != 0 && ok -> ok = 0; waits = 1; break :: else fi;
#endif
    ok = 0;
#ifdef OWN_ROOT
    if
    :: n == 0 -> if :: !(root & FIRST) -> d_step { root = root | FIRST }; issued[0]++ :: else fi
    :: else -> if :: !(root & BELOW) -> d_step { root = root | BELOW } :: else fi
    fi;
#ifndef ARM_AFTER_LOOK
    v = version;
#endif
    if :: v == seen -> waits = 1 :: else -> seen = v fi;
    break
#else
#ifndef LEAD_WITHOUT_LOOK
    if :: n != 0 -> d_step { v = version; r = root } :: else fi;
#endif
    do
    :: v != seen -> break
    :: v == seen && n == 0 && (r & FIRST) -> waits = 1; break
    :: v == seen && n != 0 && (r & BELOW) -> waits = 1; break
    :: else ->
      /* Exchanges the word, or finds another one. */
      d_step {
        ok = (v == version && r == root);
        if :: ok -> root = root | (n == 0 -> FIRST : BELOW) :: else -> v = version; r = root fi
      };
      if
      :: ok -> if :: n == 0 -> issued[0]++ :: else fi; ok = 0; waits = 1; break
      :: else
      fi
    od;
    if :: waits -> break :: else fi
#endif
  od;
  v = 0; r = 0
}

proctype Watcher(byte me) {
  byte n = 0, other = 0, seen = 0, v = 0, r = 0, mine = me;
  bit ok = 0, waits = 0, once = 0;
  claim(n);
  do
  :: seen == SETTERS -> break
  :: else ->
    poll(n, other, mine, seen, v, r, ok, waits);
#ifdef LEAVES
    if :: me == 0 -> break :: else fi;
#endif
    if
    :: waits ->
#ifdef MOVES
      if
      :: !once -> once = 1; mine = me + WATCHERS
      :: once -> d_step { bell[mine] -> bell[mine] = 0 }
      fi
#else
      d_step { bell[mine] -> bell[mine] = 0 }
#endif
    :: else
    fi
  od;
  release(n, ok);
  at_end++
}

init {
  byte i = 0;
  atomic {
    do :: i < NODES -> waker[i] = NOBODY; i++ :: else -> break od;
    linked[0] = 1;
    i = 0;
    do :: i < HOLDERS -> taken[i] = 1; i++ :: else -> break od;
    i = 0;
    do :: i < SETTERS -> run Setter(); i++ :: else -> break od;
    i = 0;
    do :: i < WATCHERS -> run Watcher(i); i++ :: else -> break od;
    i = 0
  };
  at_end == SETTERS + WATCHERS;
  do
  :: i < NODES -> assert(taken[i] == (i < HOLDERS) && waker[i] == NOBODY && calls[i] == 0); i++
  :: else -> break
  od
}
