package watched

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"
)

// A test that waits longer has lost a wake-up.
const patience = 10 * time.Second

func patient(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

func expect(t *testing.T, w *Watcher[int], ctx context.Context, want int) {
	t.Helper()
	got, err := w.Get(ctx)
	if err != nil || got != want {
		t.Fatalf("got %d, %v instead of %d", got, err, want)
	}
}

// nothing expects that w has had everything.
func nothing(t *testing.T, w *Watcher[int]) {
	t.Helper()
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	if got, err := w.Get(cancelled); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %d, %v although nothing was set", got, err)
	}
}

// waiting returns when a Get waits for the next Set of v.
func waiting[T any](v *Value[T]) {
	for {
		v.mu.Lock()
		someone := v.changed != nil
		v.mu.Unlock()
		if someone {
			return
		}
		time.Sleep(time.Microsecond)
	}
}

func TestFirstGetReturnsWhatIsThere(t *testing.T) {
	var v Value[int]
	v.Set(1)
	early := v.Watch()
	expect(t, v.Watch(), patient(t), 1)
	v.Set(2)
	expect(t, early, patient(t), 2)
}

func TestFirstGetWaitsForTheFirstSet(t *testing.T) {
	var v Value[int]
	if _, is := v.Load(); is {
		t.Fatal("data before the first Set")
	}
	go func() {
		waiting(&v)
		// Data that happens to be the zero value is data as well.
		v.Set(0)
	}()
	expect(t, v.Watch(), patient(t), 0)
	if _, is := v.Load(); !is {
		t.Fatal("no data after the first Set")
	}
}

func TestNewestWinsAndEqualDataIsNew(t *testing.T) {
	var v Value[int]
	w := v.Watch()
	for data := 1; data <= 5; data++ {
		v.Set(data)
	}
	expect(t, w, patient(t), 5)
	nothing(t, w)
	v.Set(5)
	expect(t, w, patient(t), 5)
	nothing(t, w)
}

func TestWatchersKeepTheirPlacesApart(t *testing.T) {
	var v Value[int]
	one, other := v.Watch(), v.Watch()
	v.Set(1)
	expect(t, one, patient(t), 1)
	v.Set(2)
	expect(t, other, patient(t), 2)
	expect(t, one, patient(t), 2)
}

func TestCancelledGetMissesNothing(t *testing.T) {
	var v Value[int]
	v.Set(1)
	w := v.Watch()
	expect(t, w, patient(t), 1)
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		waiting(&v)
		cancel()
	}()
	if _, err := w.Get(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("%v instead of a cancellation", err)
	}
	v.Set(2)
	// There is data, so nothing has to be waited for.
	expect(t, w, ctx, 2)
}

func TestConcurrentGetIsAnError(t *testing.T) {
	var v Value[int]
	w := v.Watch()
	done := make(chan error)
	go func() {
		_, err := w.Get(patient(t))
		done <- err
	}()
	waiting(&v)
	if _, err := w.Get(patient(t)); !errors.Is(err, ErrConcurrentGet) {
		t.Fatalf("%v instead of %v", err, ErrConcurrentGet)
	}
	v.Set(1)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// Producers set at the same time, and every consumer waits until it has had the last of all of them.
func TestNoWakeUpIsLost(t *testing.T) {
	const producers, sets, consumers = 3, 2000, 4
	var v Value[int]
	var setting, getting sync.WaitGroup
	ctx := patient(t)
	for consumer := 0; consumer < consumers; consumer++ {
		w := v.Watch()
		getting.Add(1)
		go func() {
			defer getting.Done()
			// Versions only grow, so a consumer that has had one has had all before it.
			for last := uint64(0); last < producers*sets; last = w.seen {
				if _, err := w.Get(ctx); err != nil {
					t.Errorf("after version %d: %v", last, err)
					return
				}
				if w.seen <= last {
					t.Errorf("version %d after %d", w.seen, last)
					return
				}
			}
		}()
	}
	for producer := 0; producer < producers; producer++ {
		setting.Add(1)
		go func() {
			defer setting.Done()
			for set := 0; set < sets; set++ {
				v.Set(set)
			}
		}()
	}
	setting.Wait()
	getting.Wait()
}

// One goroutine sets only when the other one waits or is about to: each Set has to arrive.
func TestEverySetOfAHandOverArrives(t *testing.T) {
	const sets = 20000
	var there, back Value[int]
	question, answer := there.Watch(), back.Watch()
	ctx := patient(t)
	go func() {
		for {
			data, err := question.Get(ctx)
			if err != nil {
				return
			}
			back.Set(data)
		}
	}()
	for data := 1; data <= sets; data++ {
		there.Set(data)
		expect(t, answer, ctx, data)
	}
}
