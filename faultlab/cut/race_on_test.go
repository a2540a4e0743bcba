//go:build race

package cut

// stride: the race detector makes the test ten times as long, so each run of it
// tries a part of the cells. Without it, all are tried.
const stride = 8
