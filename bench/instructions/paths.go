package main

// The programs that do the paths.
const (
	library = "library"
	script  = "script"
)

// path is one way of a message through a program.
type path struct {
	Program string
	Name    string // what the program calls it
	count   int    // messages of the longer of two runs, beyond those of the shorter
}

// startMessages is the length of the shorter run: buffers have grown and memory is at hand by then.
const startMessages = 500

// allPaths returns the paths in the order of the table. Their counts make each run execute some 25 million
// instructions, of which the start of a program is random by 100,000.
func allPaths() []path {
	return []path{
		{library, "pub0", 30000},
		{library, "pub1", 10000},
		{library, "pub2", 5000},
		{library, "recv0", 20000},
		{library, "recv0-view", 20000},
		{library, "recv1", 10000},
		{library, "recv2", 5000},
		{library, "rtt0", 2500},
		{library, "rtt1", 2500},
		{script, "pub0", 4000},
		{script, "pub1", 2000},
		{script, "recv0", 2000},
		{script, "recv1", 2000},
	}
}
