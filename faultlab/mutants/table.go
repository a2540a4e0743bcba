package mutants

// checks are the commands that have to notice. Each passes on the sound tree.
var checks = map[string]check{
	"wire": {".", []string{"go", "test", "-count=1", "./mqtt/internal/wire"}},
}

// all are the mutants.
var all = []mutant{}
