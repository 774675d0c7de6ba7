package main

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"event-benches/go/watched"
)

// A row has the same steps as the row of that name in benches/src/rows.
type row struct {
	// How many threads run goroutines at the same time.
	threads int
	run     func(iterations uint64) (time.Duration, error)
}

// By the names of the tables.
var rows = map[string]row{
	"set, nobody watching":            {1, set},
	"set, 1,000 idle watchers":        {1, setIdle},
	"set then get":                    {1, setGet},
	"read the present value":          {1, read},
	"wait, set, get":                  {1, waitCycle},
	"watch, drop":                     {1, churn},
	"two threads setting":             {2, several(2, setting)},
	"two threads reading":             {2, several(2, reading)},
	"four threads setting":            {4, several(4, setting)},
	"four threads reading":            {4, several(4, reading)},
	"wake 10 tasks, current-thread":   {1, fanOut(10)},
	"wake 100 tasks, current-thread":  {1, fanOut(100)},
	"wake 1000 tasks, current-thread": {1, fanOut(1000)},
	"wake 10 tasks, 2 workers":        {2, fanOut(10)},
	"wake 100 tasks, 2 workers":       {2, fanOut(100)},
	"wake 1000 tasks, 2 workers":      {2, fanOut(1000)},
}

const (
	warmUp       = 200
	mostWatchers = 1000
	present      = 7
)

type (
	value   = watched.Value[uint64]
	watcher = watched.Watcher[uint64]
)

// background can be cancelled, as the context of most programs.
var background, _ = context.WithCancel(context.Background())

// expect says what is wrong, in the words of the harness.
func expect(what string, found, expected uint64) error {
	if found != expected {
		return fmt.Errorf("wrong %s: %d instead of %d", what, found, expected)
	}
	return nil
}

func sumUpTo(last uint64) uint64 {
	if last%2 == 0 {
		return last / 2 * (last + 1)
	}
	return (last + 1) / 2 * last
}

func set(iterations uint64) (time.Duration, error) {
	v := new(value)
	for data := uint64(1); data <= warmUp; data++ {
		v.Set(data)
	}
	start := time.Now()
	for data := uint64(1); data <= iterations; data++ {
		v.Set(data)
	}
	took := time.Since(start)
	last, _ := v.Load()
	return took, expect("last value", last, iterations)
}

func setIdle(iterations uint64) (time.Duration, error) {
	v := new(value)
	v.Set(warmUp)
	watchers := make([]*watcher, mostWatchers)
	for i := range watchers {
		watchers[i] = v.Watch()
		if _, err := watchers[i].Get(background); err != nil {
			return 0, err
		}
	}
	for data := uint64(1); data <= warmUp; data++ {
		v.Set(data)
	}
	start := time.Now()
	for data := uint64(1); data <= iterations; data++ {
		v.Set(data)
	}
	took := time.Since(start)
	for _, w := range watchers {
		got, err := w.Get(background)
		if err != nil {
			return 0, err
		}
		if err := expect("value at a watcher", got, iterations); err != nil {
			return 0, err
		}
	}
	return took, nil
}

func setGet(iterations uint64) (time.Duration, error) {
	v := new(value)
	w := v.Watch()
	sum, err := setsAndGets(v, w, warmUp)
	if err != nil {
		return 0, err
	}
	start := time.Now()
	sum, err = setsAndGets(v, w, iterations)
	took := time.Since(start)
	if err != nil {
		return 0, err
	}
	return took, expect("sum of what was got", sum, sumUpTo(iterations))
}

func setsAndGets(v *value, w *watcher, iterations uint64) (uint64, error) {
	sum := uint64(0)
	for data := uint64(1); data <= iterations; data++ {
		v.Set(data)
		got, err := w.Get(background)
		if err != nil {
			return 0, err
		}
		sum += got
	}
	return sum, nil
}

func read(iterations uint64) (time.Duration, error) {
	v := new(value)
	v.Set(present)
	return reading(v, 0, iterations)
}

// waitCycle hands each number to a goroutine that waits for it. There is one thread, so that goroutine is parked again by the time
// that this one has its answer.
func waitCycle(iterations uint64) (time.Duration, error) {
	v := new(value)
	w := v.Watch()
	ctx, cancel := context.WithCancel(background)
	defer cancel()
	got := make(chan uint64)
	go func() {
		defer close(got)
		for {
			data, err := w.Get(ctx)
			if err != nil {
				return
			}
			got <- data
		}
	}()
	cycles := func(from, to uint64) uint64 {
		sum := uint64(0)
		for data := from; data <= to; data++ {
			v.Set(data)
			sum += <-got
		}
		return sum
	}
	if err := expect("sum of what was got", cycles(1, warmUp), sumUpTo(warmUp)); err != nil {
		return 0, err
	}
	start := time.Now()
	sum := cycles(1, iterations)
	took := time.Since(start)
	cancel()
	// Until the other goroutine has ended.
	for range got {
	}
	return took, expect("sum of what was got", sum, sumUpTo(iterations))
}

// latest keeps a watcher from being put on the stack of the loop, which would be cheaper than watchers are that live.
var latest *watcher

func churn(iterations uint64) (time.Duration, error) {
	v := new(value)
	v.Set(warmUp)
	for i := 0; i < warmUp; i++ {
		latest = v.Watch()
	}
	start := time.Now()
	for i := uint64(0); i < iterations; i++ {
		latest = v.Watch()
	}
	took := time.Since(start)
	got, err := latest.Get(background)
	if err != nil {
		return 0, err
	}
	return took, expect("value at another watcher", got, warmUp)
}

// setting is one thread's part in the rows where several set.
func setting(v *value, thread, iterations uint64) (time.Duration, error) {
	offset := thread * iterations
	start := time.Now()
	for data := uint64(1); data <= iterations; data++ {
		v.Set(offset + data)
	}
	return time.Since(start), nil
}

// reading is one thread's part in the rows where threads read.
func reading(v *value, _, iterations uint64) (time.Duration, error) {
	for i := 0; i < warmUp; i++ {
		v.Load()
	}
	sum := uint64(0)
	start := time.Now()
	for i := uint64(0); i < iterations; i++ {
		data, _ := v.Load()
		sum += data
	}
	took := time.Since(start)
	return took, expect("sum of what was read", sum, present*iterations)
}

// several is the row in which as many goroutines do part at the same time, each on a thread of its own.
func several(threads uint64, part func(v *value, thread, iterations uint64) (time.Duration, error)) func(uint64) (time.Duration, error) {
	return func(iterations uint64) (time.Duration, error) {
		v := new(value)
		v.Set(present)
		var arrived atomic.Uint64
		var ended sync.WaitGroup
		took, errs := make([]time.Duration, threads), make([]error, threads)
		for thread := uint64(0); thread < threads; thread++ {
			thread := thread
			ended.Add(1)
			go func() {
				defer ended.Done()
				// Never unlocked, so this thread, and with it what it was pinned to, ends with the goroutine.
				runtime.LockOSThread()
				pin(int(thread))
				// Spinning rather than waiting: a goroutine that has to be woken first would start late.
				for arrived.Add(1); arrived.Load() < threads; {
					runtime.Gosched()
				}
				took[thread], errs[thread] = part(v, thread, iterations)
			}()
		}
		ended.Wait()
		total := time.Duration(0)
		for thread := range took {
			if errs[thread] != nil {
				return 0, errs[thread]
			}
			total += took[thread]
		}
		last, is := v.Load()
		if !is || last != present && last%iterations != 0 {
			return 0, fmt.Errorf("wrong last value: %d was not the last of any thread", last)
		}
		return total / time.Duration(threads), nil
	}
}

// fanOut is the row in which every set wakes so many goroutines, and the next set comes when all of them have got it.
func fanOut(tasks uint64) func(uint64) (time.Duration, error) {
	// By the end of the second round every goroutine has waited at least once.
	const warmUp = 3
	return func(iterations uint64) (time.Duration, error) {
		v := new(value)
		ctx, cancel := context.WithCancel(background)
		defer cancel()
		var outstanding atomic.Int64
		over := make(chan struct{}, 1)
		failed := make(chan error, tasks)
		var ended sync.WaitGroup
		for task := uint64(0); task < tasks; task++ {
			w, noise := v.Watch(), task+1
			ended.Add(1)
			go func() {
				defer ended.Done()
				// Otherwise the compiler would see that nobody uses it.
				defer func() { runtime.KeepAlive(noise) }()
				for last := uint64(0); ; {
					data, err := w.Get(ctx)
					if err != nil {
						return
					}
					if data <= last {
						failed <- fmt.Errorf("went back from %d to %d", last, data)
						return
					}
					last = data
					noise = shuffled(noise)
					if outstanding.Add(-1) == 0 {
						over <- struct{}{}
					}
				}
			}()
		}
		start := time.Now()
		for data := uint64(1); data <= iterations+warmUp; data++ {
			if data == warmUp+1 {
				start = time.Now()
			}
			outstanding.Store(int64(tasks))
			v.Set(data)
			select {
			case <-over:
			case err := <-failed:
				return 0, err
			}
		}
		took := time.Since(start)
		cancel()
		ended.Wait()
		return took, nil
	}
}

// shuffled is the next number of a small generator (Marsaglia's xorshift): what a task does with each delivery.
func shuffled(noise uint64) uint64 {
	noise ^= noise << 13
	noise ^= noise >> 7
	noise ^= noise << 17
	return noise
}
