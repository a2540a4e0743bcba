//go:build linux && amd64

package main

import "testing"

// TestCosts counts what a message costs on each path, and holds it to the table. What is
// beyond the bound is counted again before it is believed.
func TestCosts(t *testing.T) {
	table, err := readTable(tableFile)
	if err != nil {
		t.Fatal(err)
	}
	c, err := newCounter(t.Context(), "", amd64)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	costs, err := c.costs(t.Context(), allPaths(amd64), 1)
	if err != nil {
		t.Fatal(err)
	}
	var again []path
	for i, p := range allPaths(amd64) {
		t.Logf("%s: %d", p, costs[i])
		if table.judge(p, costs[i]) != nil {
			again = append(again, p)
		}
	}
	if costs, err = c.costs(t.Context(), again, 3); err != nil {
		t.Fatal(err)
	}
	for i, p := range again {
		if err := table.judge(p, costs[i]); err != nil {
			t.Error(err)
		}
	}
}
