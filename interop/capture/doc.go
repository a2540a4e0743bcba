// Package capture has tests that compare what "dunlin bench" says with a capture of the packets on the loopback.
package capture
