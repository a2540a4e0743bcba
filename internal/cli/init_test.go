package cli_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
)

// initTrace is a line of what Go tells of the initialisation of a package with
// GODEBUG=inittrace=1.
var initTrace = regexp.MustCompile(`(?m)^init (\S+) @\S+ ms, \S+ ms clock, (\d+) bytes, (\d+) allocs$`)

// largeInits are packages of others that allocate more than most at the start, with what
// they may.
var largeInits = map[string]struct{ bytes, allocs int }{
	"github.com/mochi-mqtt/server/v2/packets":      {400 << 10, 700},  // packets for its tests
	"github.com/itchyny/gojq":                      {240 << 10, 2500}, // the functions that jq has
	"github.com/bufbuild/protocompile":             {220 << 10, 2000}, // what every .proto file may import
	"github.com/google/pprof/profile":              {200 << 10, 1400}, // regular expressions; of goja
	"github.com/evanw/esbuild/internal/compat":     {64 << 10, 900},   // which browser has what
	"google.golang.org/protobuf/reflect/protodesc": {190 << 10, 1200}, // defaults of editions
}

// What packages do before main delays every call of the command, which is to start in 20 ms.
// Counted is what they allocate: that does not depend on the machine.
func TestStartAllocatesLittle(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "dunlin")
	if out, err := exec.Command("go", "build", "-o", program, "dunlin/cmd/dunlin").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.Command(program, "version")
	cmd.Env = append(os.Environ(), "GODEBUG=inittrace=1")
	trace, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, trace)
	}
	packages := initTrace.FindAllStringSubmatch(string(trace), -1)
	if len(packages) < 20 {
		t.Fatalf("%d packages in the trace:\n%s", len(packages), trace)
	}
	allBytes, allAllocs := 0, 0
	for _, p := range packages {
		bytes, err := strconv.Atoi(p[2])
		if err != nil {
			t.Fatal(err)
		}
		allocs, err := strconv.Atoi(p[3])
		if err != nil {
			t.Fatal(err)
		}
		allBytes, allAllocs = allBytes+bytes, allAllocs+allocs
		most, ok := largeInits[p[1]]
		if !ok {
			most.bytes, most.allocs = 64<<10, 400
		}
		if bytes > most.bytes || allocs > most.allocs {
			t.Errorf("the start of %s allocates %d bytes in %d pieces, more than %d in %d: do it when it is needed first",
				p[1], bytes, allocs, most.bytes, most.allocs)
		}
	}
	if allBytes > 1700<<10 || allAllocs > 10_700 {
		t.Errorf("the start allocates %d bytes in %d pieces, more than 1,700 KiB in 10,700", allBytes, allAllocs)
	}
}
