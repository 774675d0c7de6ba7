// This program runs rows of benches/src/rows in Go, for the harness in benches/src/peers/go.rs, which starts it and takes turns with it.
//
// It prints a line "version VERSION", a line "row ROW" for each row that it has, and "ready". From then on it reads lines
// "ROW<tab>ITERATIONS", and answers each with the nanoseconds that this batch took, or with "error REASON". It ends with its input.
package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"time"
)

func main() {
	names := make([]string, 0, len(rows))
	for name := range rows {
		names = append(names, name)
	}
	sort.Strings(names)
	fmt.Printf("version %s\n", strings.TrimPrefix(runtime.Version(), "go"))
	for _, name := range names {
		fmt.Printf("row %s\n", name)
	}
	fmt.Println("ready")
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		took, err := serve(lines.Text())
		if err != nil {
			fmt.Printf("error %v\n", err)
		} else {
			fmt.Println(took.Nanoseconds())
		}
	}
}

// serve runs the batch that a line asks for.
func serve(line string) (time.Duration, error) {
	name, times, _ := strings.Cut(line, "\t")
	row, is := rows[name]
	if !is {
		return 0, fmt.Errorf("no row %q", name)
	}
	iterations, err := strconv.ParseUint(times, 10, 64)
	if err != nil {
		return 0, err
	}
	if iterations == 0 {
		return 0, fmt.Errorf("no iterations")
	}
	// Each change of this number stops the world.
	if row.threads != runtime.GOMAXPROCS(0) {
		runtime.GOMAXPROCS(row.threads)
	}
	// What an earlier batch left behind is not collected at the cost of this one.
	runtime.GC()
	return row.run(iterations)
}
