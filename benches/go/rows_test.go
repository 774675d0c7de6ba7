package main

import (
	"fmt"
	"testing"
)

func TestEveryRowDelivers(t *testing.T) {
	for name := range rows {
		if _, err := serve(fmt.Sprintf("%s\t%d", name, 5)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhatIsNoRowIsRefused(t *testing.T) {
	for _, line := range []string{"", "set then get", "set then get\t0", "set then get\tmany", "no such row\t1"} {
		if took, err := serve(line); err == nil {
			t.Errorf("%q took %v", line, took)
		}
	}
}
