/* The versioned cell, with the root of the waker list in its word: what src/cell/ does, as one step an access of memory, in any order
 * of the threads. Sequentially consistent: orderings are what the litmus tests are for.
 *
 * Checked: nothing is dropped under a reader, or twice, or never; each set has a version of its own; a watcher gets versions in order,
 * sees the last one, and is told of the end. One that waits for ever though there is something new, or the end, is an invalid end
 * state. There is no cycle of steps without progress, so everything comes to an end.
 *
 * Bounds: WRITERS, of which the first sets SETS times and each other one OTHERS times; READERS that each read READS times (with TAKES, the
 * first one takes the data out if it can); WATCHERS. A closer closes when the writers are through; with CLOSE_EARLY, at any time.
 *
 * Wrong on purpose, each to be found:
 *   PIN_WITHOUT_LOOK       a reader does not look again at the word
 *   RETIRE_WITHOUT_LOOK    a writer that leaves a slot to its readers does not look again whether there are any
 *   UNPIN_WITHOUT_LOOK     the last reader does not look whether the slot was left to it
 *   RETIRED_WITHOUT_TAG    RETIRED does not say of which version
 *   RECLAIM_WITHOUT_CLAIM  who finds the slot left to readers, and none, empties it without the exchange
 *   WORD_WITHOUT_TAG       the word does not say which version
 *   ARM_BLINDLY            a watcher sets its bit whatever is in force
 *   OVERWRITE_BITS         a publication takes the bits that the writer has seen, and not those that it replaces
 *   CLOSE_WITHOUT_WAKING   closing leaves the bits alone
 *   TRUST_THE_SLOT         a watcher compares versions only, without the word's tag
 */
#ifndef WRITERS
#define WRITERS 1
#endif
#ifndef SETS
#define SETS 2
#endif
#ifndef OTHERS
#define OTHERS SETS
#endif
#ifndef READERS
#define READERS 1
#endif
#ifndef READS
#define READS 1
#endif
#ifndef WATCHERS
#define WATCHERS 1
#endif
#ifndef SLOTS
#define SLOTS 3
#endif

#define FREE 0
#define OWNED 1
#define RETIRED 2 /* and more: RETIRED + version */

#ifdef RETIRED_WITHOUT_TAG
#define retired(v) RETIRED
#else
#define retired(v) (RETIRED + (v))
#endif

/* A word: a slot, counted from 1, or 0; the version's tag; who is armed; whether it is closed. */
typedef Word { byte slot; byte tag; byte armed; bit closed };

Word now;
byte state[SLOTS + 1], readers[SLOTS + 1], version[SLOTS + 1];
bit bell[WATCHERS + 1];

/* What the code does not know. */
byte data[SLOTS + 1]; /* 0: none; else the version that it was published as, or 255 before that */
byte pinned[SLOTS + 1];
byte published, filled, dropped, written, at_end;

#ifdef WORD_WITHOUT_TAG
#define same(a, b) (a.slot == b.slot && a.armed == b.armed && a.closed == b.closed)
#else
#define same(a, b) (a.slot == b.slot && a.tag == b.tag && a.armed == b.armed && a.closed == b.closed)
#endif
#define copy(to, from) to.slot = from.slot; to.tag = from.tag; to.armed = from.armed; to.closed = from.closed

inline look(word) { d_step { copy(word, now) } }

/* User code: a data's Drop. */
inline emptied(s) {
  d_step { assert(data[s] != 0); assert(pinned[s] == 0); data[s] = 0; dropped++ }
  state[s] = FREE
}

inline reclaim(s, t, ok) {
  if
  :: readers[s] == 0 ->
#ifdef RECLAIM_WITHOUT_CLAIM
    ok = 1;
#else
    d_step { ok = (state[s] == t); if :: ok -> state[s] = OWNED :: else fi };
#endif
    if :: ok -> emptied(s) :: else fi
  :: else
  fi;
  ok = 0
}

inline unpin(s, t, ok) {
  d_step { readers[s]--; ok = (readers[s] == 0) };
#ifndef UNPIN_WITHOUT_LOOK
  if
  :: ok ->
    t = state[s];
    if :: t >= RETIRED -> reclaim(s, t, ok) :: else fi
  :: else
  fi;
#endif
  ok = 0; t = 0
}

/* Pins what is in force, beginning with `word`; `s` is 0 if nothing was ever published. */
inline pin(word, s, t, ok) {
  s = word.slot;
  do
  :: s == 0 -> break
  :: else ->
    readers[s]++;
    d_step {
      copy(word, now);
#ifdef PIN_WITHOUT_LOOK
      ok = 1;
#else
      ok = (word.slot == s);
#endif
      if :: ok -> pinned[s]++ :: else fi
    };
    if
    :: ok -> ok = 0; break
    :: else -> unpin(s, t, ok); s = word.slot
    fi
  od
}

inline let_go(s, t, ok) {
  d_step { assert(data[s] != 0); pinned[s]-- };
  unpin(s, t, ok); s = 0
}

inline wake(bits, w) {
  w = 0;
  do
  :: w < WATCHERS && (bits & (1 << w)) -> bell[w] = 1; w++
  :: w < WATCHERS && !(bits & (1 << w)) -> w++
  :: w == WATCHERS -> break
  od;
  bits = 0; w = 0
}

inline claim(s) {
  do
  :: d_step { state[s] == FREE -> state[s] = OWNED; assert(data[s] == 0); data[s] = 255; filled++ }; break
  :: s < SLOTS && state[s] != FREE -> s++
  :: s == SLOTS && state[s] != FREE -> s = 1 /* where the code adds slots */
  od
}

inline retire(s, t, ok) {
  if
  :: s == 0
  :: s != 0 && readers[s] == 0 -> emptied(s)
  :: s != 0 && readers[s] != 0 ->
    t = retired(version[s]);
    state[s] = t;
#ifndef RETIRE_WITHOUT_LOOK
    reclaim(s, t, ok);
#endif
    t = 0
  fi;
  s = 0
}

proctype Writer(byte sets) {
  Word expected;
  byte n = 0, s = 1, v = 0, t = 0, bits = 0, w = 0;
  bit ok = 0, early = 0;
  do
  :: n == sets -> break
  :: n < sets ->
    s = 1;
    /* Either way there is: `publish` claims first, `claim_at_once` looks first. */
    if
    :: early = 0; claim(s); look(expected); v = version[expected.slot] + 1
    :: early = 1; look(expected); v = version[expected.slot] + 1; claim(s)
    fi;
    early = 0;
    do
    :: expected.closed -> d_step { data[s] = 0; filled-- }; state[s] = FREE; break
    :: else ->
      version[s] = v;
      d_step {
#ifdef OVERWRITE_BITS
        bits = expected.armed;
        ok = (now.slot == expected.slot && now.tag == expected.tag && now.closed == expected.closed);
#else
        bits = now.armed;
        ok = same(now, expected);
#endif
        if
        :: ok ->
          now.slot = s; now.tag = v; now.armed = 0;
          data[s] = v; published++; assert(published == v)
        :: else -> bits = 0; copy(expected, now)
        fi
      };
      if
      :: ok -> break
      :: else -> v = version[expected.slot] + 1
      fi
    od;
    if
    :: ok ->
      ok = 0; s = expected.slot;
      /* Data with a Drop is given up when the watchers have been woken; other data before. */
      if
      :: wake(bits, w); retire(s, t, ok)
      :: retire(s, t, ok); wake(bits, w)
      fi
    :: else
    fi;
    n++; v = 0; d_step { expected.slot = 0; expected.tag = 0; expected.armed = 0; expected.closed = 0 }
  od;
  written++;
  at_end++
}

proctype Closer() {
  Word word;
  byte bits = 0, w = 0;
  bit ok = 0;
#ifndef CLOSE_EARLY
  written == WRITERS;
#endif
  look(word);
  do
  :: word.closed -> break
  :: else ->
    d_step {
      ok = same(now, word);
      if :: ok -> now.closed = 1; bits = now.armed; now.armed = 0 :: else -> copy(word, now) fi
    };
    if :: ok -> break :: else fi
  od;
#ifndef CLOSE_WITHOUT_WAKING
  wake(bits, w);
#endif
  at_end++
}

proctype Reader(bit takes) {
  Word word;
  byte n = 0, s = 0, t = 0, last = 0;
  bit ok = 0;
  do
  :: n == READS -> break
  :: n < READS ->
    look(word);
    pin(word, s, t, ok);
    if
    :: s == 0
    :: s != 0 && !takes ->
      d_step { assert(data[s] == version[s]); assert(version[s] >= last); last = version[s] };
      let_go(s, t, ok)
    :: s != 0 && takes ->
      /* `try_take`: out of force, and nobody else reads it. */
      t = state[s];
      if
      :: t >= RETIRED && readers[s] == 1 ->
        d_step { ok = (state[s] == t); if :: ok -> state[s] = OWNED :: else fi };
        if
        :: ok ->
          ok = 0;
          d_step { pinned[s]--; readers[s]-- }; /* finds the slot OWNED */
          emptied(s); s = 0
        :: else -> let_go(s, t, ok)
        fi
      :: else -> let_go(s, t, ok)
      fi;
      t = 0
    fi;
    n++; d_step { word.slot = 0; word.tag = 0; word.armed = 0; word.closed = 0 }
  od;
  at_end++
}

proctype Watcher(byte me) {
  Word word;
  byte seen = 0, s = 0, t = 0, really = 0;
  bit ok = 0;
  do
  :: true ->
    d_step { copy(word, now); really = published };
again:
#ifdef TRUST_THE_SLOT
    if
    :: version[word.slot] == seen ->
#else
    if
    :: word.tag == seen && version[word.slot] == seen ->
#endif
      /* What was in force when the word was loaded is what was seen. */
      assert(really == seen);
      if
      :: word.closed -> break
      :: else ->
        if
        :: word.armed & (1 << me) -> ok = 1
        :: else ->
          d_step {
#ifdef ARM_BLINDLY
            ok = 1;
#else
            ok = same(now, word);
#endif
            if
            :: ok -> now.armed = now.armed | (1 << me)
            :: else -> copy(word, now); really = published
            fi
          }
        fi;
        if
        :: ok && version[word.slot] == seen -> ok = 0; d_step { bell[me] -> bell[me] = 0 } /* waits */
        :: ok && version[word.slot] != seen -> ok = 0
        :: !ok -> goto again
        fi
      fi
    :: else ->
      pin(word, s, t, ok);
      if
      :: s != 0 ->
        d_step { assert(data[s] == version[s]); assert(version[s] >= seen); seen = version[s] };
        let_go(s, t, ok)
      :: else
      fi
    fi
  od;
  assert(seen == published);
  at_end++
}

init {
  byte i = 0;
  atomic {
    do :: i < WRITERS -> run Writer((i == 0 -> SETS : OTHERS)); i++ :: else -> break od;
    i = 0;
#ifdef TAKES
    do :: i < READERS -> run Reader(i == 0); i++ :: else -> break od;
#else
    do :: i < READERS -> run Reader(0); i++ :: else -> break od;
#endif
    i = 0;
    do :: i < WATCHERS -> run Watcher(i); i++ :: else -> break od;
    i = 0;
    run Closer()
  };
  at_end == WRITERS + READERS + WATCHERS + 1;
  /* All is quiet: only what is in force is there, and every other slot is free. */
  assert(filled - dropped == (published > 0));
#ifndef CLOSE_EARLY
  assert(published == SETS + (WRITERS - 1) * OTHERS);
#endif
  i = 1;
  do
  :: i <= SLOTS ->
    assert(readers[i] == 0 && pinned[i] == 0);
    assert(state[i] == (i == now.slot -> OWNED : FREE));
    assert((data[i] != 0) == (i == now.slot));
    i++
  :: else -> break
  od
}
