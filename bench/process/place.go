// Package process starts processes on some of the processors, and says what they take of the machine.
package process

// Place says which processors a process has.
type Place int

// The places.
const (
	Anywhere   Place = iota
	FirstCore        // one
	OtherCores       // all but that one
)
