package load

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

var (
	standIn      = pattern(`var (require_\w+) = __commonJS\(\{\s*"dep:(\d+)"\(`)
	imported     = pattern(`(\w+) = __toESM\((require_\w+)\(`)
	exportedStar = pattern(`__reExport\(\w+, __toESM\((require_\w+)\(`)
	taken        = pattern(`"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|\b(import_\w+)(?:\.([\p{L}\w$]+)|\["([^"\\]+)"\])`)
)

// findNames finds in the code what is taken from each import by name, so that what is not there is an
// error before anything runs.
func (b *bundle) findNames(code string) {
	index := map[string]int{}
	for _, m := range standIn().FindAllStringSubmatch(code, -1) {
		if i, err := strconv.Atoi(m[2]); err == nil && i < len(b.imports) {
			index[m[1]] = i
		}
	}
	variables := map[string]int{}
	for _, m := range imported().FindAllStringSubmatch(code, -1) {
		if i, ok := index[m[2]]; ok && strings.HasPrefix(m[1], "import_") {
			variables[m[1]] = i
		}
	}
	for _, m := range exportedStar().FindAllStringSubmatch(code, -1) {
		if i, ok := index[m[1]]; ok {
			b.imports[i].Star = true
		}
	}
	seen := map[string]bool{}
	for _, m := range taken().FindAllStringSubmatch(code, -1) {
		i, ok := variables[m[1]]
		if !ok || seen[m[0]] {
			continue
		}
		seen[m[0]] = true
		b.imports[i].Names = append(b.imports[i].Names, m[2]+m[3])
	}
}

var (
	declaration = pattern(`(?m)^import (?:([\p{L}\p{N}_$\\{}]+),? )?(?:\* as \S+ )?(?:\{([^{}]*)\} )?from ("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')`)
	localName   = pattern(`\s+as\s+\S+$`)
)

// findDeclared finds the names that the text imports and does not use, which are no longer in the code. In
// TypeScript they may be types, of which nothing is known. Without templates, no text of the module can
// look like an import at the beginning of a line.
func (b *bundle) findDeclared() {
	if len(b.imports) == 0 {
		return
	}
	result := api.Transform(b.src.Text, api.TransformOptions{
		Target: api.ES2022, Supported: map[string]bool{"template-literal": false}, Loader: b.language,
		LogLevel: api.LogLevelSilent, LegalComments: api.LegalCommentsNone, TsconfigRaw: "{}",
	})
	for _, m := range declaration().FindAllStringSubmatch(string(result.Code), -1) {
		id, ok := unquote(m[3])
		i, known := b.isStatic[id]
		if !ok || !known {
			continue
		}
		if m[1] != "" {
			b.take(i, "default")
		}
		for item := range strings.SplitSeq(m[2], ",") {
			name := localName().ReplaceAllString(strings.TrimSpace(item), "")
			if strings.HasPrefix(name, "\"") {
				name, ok = unquote(name)
			}
			if ok && name != "" {
				b.take(i, name)
			}
		}
	}
}

// unquote reads a literal; false for one that a JSON text cannot have.
func unquote(literal string) (text string, ok bool) {
	if strings.HasPrefix(literal, "'") {
		literal = `"` + strings.ReplaceAll(literal[1:len(literal)-1], `"`, `\"`) + `"`
	}
	return text, json.Unmarshal([]byte(literal), &text) == nil
}

func (b *bundle) take(i int, name string) {
	if !slices.Contains(b.imports[i].Names, name) {
		b.imports[i].Names = append(b.imports[i].Names, name)
	}
}
