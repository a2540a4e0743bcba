package main

// The programs that do the paths.
const (
	library = "library"
	script  = "script"
)

// The architectures of the table. The test counts on the first alone.
const (
	amd64 = "amd64"
	arm64 = "arm64"
	arm   = "arm" // 32 bits
)

// emulators count what is not amd64, by a plugin.
var emulators = map[string]string{arm64: "qemu-aarch64", arm: "qemu-arm"}

// path is one way of a message through a program.
type path struct {
	Arch    string
	Program string
	Name    string // what the program calls it
	count   int    // messages of the longer of two runs, beyond those of the shorter
}

func (p path) String() string { return p.Arch + " " + p.Program + " " + p.Name }

// startMessages is the length of the shorter run: buffers have grown and memory is at hand by then.
const startMessages = 500

// allPaths returns the paths of the architectures in the order of the table. The counts make each run execute
// some 25 million instructions, of which the start of a program is random by 100,000.
func allPaths(archs ...string) []path {
	var all []path
	for _, arch := range archs {
		all = append(all, []path{
			{arch, library, "pub0", 30000},
			{arch, library, "pub1", 10000},
			{arch, library, "pub2", 5000},
			{arch, library, "recv0", 20000},
			{arch, library, "recv0-view", 20000},
			{arch, library, "recv1", 10000},
			{arch, library, "recv2", 5000},
			{arch, library, "rtt0", 2500},
			{arch, library, "rtt1", 2500},
			{arch, script, "pub0", 4000},
			{arch, script, "pub1", 2000},
			{arch, script, "recv0", 2000},
			{arch, script, "recv1", 2000},
		}...)
	}
	return all
}
