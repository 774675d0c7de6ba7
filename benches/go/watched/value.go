// Package watched has data that producers set and consumers watch, as event-core has it, written as is usual in Go: a mutex, and a
// channel that is closed to wake whoever waits.
package watched

import (
	"context"
	"errors"
	"sync"
)

// ErrConcurrentGet is returned by a Get of a watcher that another goroutine is getting from at the same time. Served one after the
// other, the two goroutines would each miss what the other one got.
var ErrConcurrentGet = errors.New("concurrent Get of one watcher")

// A Value is data that any number of goroutines may set, and watch. The zero Value has no data yet. It must not be copied.
type Value[T any] struct {
	// Guards all fields, and those of all watchers.
	mu   sync.Mutex
	data T
	// How often data was set; 0: there is none.
	version uint64
	// Closed by the next Set. Nil if nobody waits, so that a Set without waiting watchers makes no channel.
	changed chan struct{}
}

// Set replaces the data and wakes all waiting watchers, even if the new data equals the old.
func (v *Value[T]) Set(data T) {
	v.mu.Lock()
	v.data = data
	v.version++
	changed := v.changed
	v.changed = nil
	v.mu.Unlock()
	if changed != nil {
		close(changed)
	}
}

// Load returns the current data; false if nothing was ever set.
func (v *Value[T]) Load() (T, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.data, v.version > 0
}

// Watch returns a new watcher, whose first Get returns the current data, or waits for the first.
//
// A watcher that is not used any more needs no closing: the value does not know its watchers.
func (v *Value[T]) Watch() *Watcher[T] {
	return &Watcher[T]{value: v}
}

// A Watcher knows which version of a value one consumer has had. Each consumer has its own.
type Watcher[T any] struct {
	value   *Value[T]
	seen    uint64
	getting bool
}

// Get returns the newest data as soon as it is newer than what this watcher returned last; what was set and replaced in between is
// skipped.
//
// If ctx is cancelled first, Get returns its error. The watcher has missed nothing then, and can be used further.
func (w *Watcher[T]) Get(ctx context.Context) (T, error) {
	v := w.value
	v.mu.Lock()
	defer v.mu.Unlock()
	if w.getting {
		var none T
		return none, ErrConcurrentGet
	}
	for v.version == w.seen {
		if err := w.wait(ctx); err != nil {
			var none T
			return none, err
		}
	}
	w.seen = v.version
	return v.data, nil
}

// wait releases the mutex until the next Set, or until ctx is cancelled and nothing was set.
func (w *Watcher[T]) wait(ctx context.Context) error {
	v := w.value
	if v.changed == nil {
		v.changed = make(chan struct{})
	}
	changed := v.changed
	w.getting = true
	v.mu.Unlock()
	select {
	case <-changed:
	case <-ctx.Done():
	}
	v.mu.Lock()
	w.getting = false
	if v.version == w.seen {
		return ctx.Err()
	}
	return nil
}
