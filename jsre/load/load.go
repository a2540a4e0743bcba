// Package load makes texts that goja does not run into ones that it does: ES modules, TypeScript,
// async generators, for await, decorators, using and import(). It is the one room that imports esbuild.
package load

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/evanw/esbuild/pkg/api"

	"dunlin/jsre/engine"
)

// lowered are the parts of the language that goja v0.0.0-20260917113740 lacks. The target is ES2022, for
// goja has what is older: its own await is three times as fast as a lowered one, its own private fields
// ten times.
var lowered = map[string]bool{"async-generator": false, "for-await": false, "dynamic-import": false, "top-level-await": true}

// pattern is a regular expression that is compiled when it is first used, which most scripts never do.
func pattern(text string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(text) })
}

// maxText is the longest text that is lowered, in bytes.
const maxText = 32 << 20

// Lower implements [engine.Options.Lower].
func Lower(src engine.Script) (*engine.Lowered, error) {
	if len(src.Text) > maxText {
		return nil, &engine.TextError{Line: 1, Column: 1, Message: fmt.Sprintf("the text has %d bytes; %d are taken", len(src.Text), maxText)}
	}
	language := languageOf(src.Path)
	if err := checkNesting(src.Text, language == api.LoaderTSX || language == api.LoaderJSX); err != nil {
		return nil, err
	}
	marked := src
	if src.Kind == engine.KindES {
		marked.Text += esMark
	}
	out, err := lower(marked, language)
	if err != nil && src.Kind == engine.KindES {
		// A text that breaks off is told of as it is written.
		if _, own := lower(src, language); own != nil {
			return nil, own
		}
	}
	// A text without a file may be TypeScript as well as JavaScript.
	if err != nil && filepath.Ext(src.Path) == "" {
		typed, typedErr := lower(src, api.LoaderTS)
		if typedErr == nil || further(typedErr, err) {
			return typed, typedErr
		}
	}
	return out, err
}

// further reports whether a came further in the text than b did.
func further(a, b error) bool {
	var one, other *engine.TextError
	return errors.As(a, &one) && errors.As(b, &other) && one.Line > other.Line
}

// esMark makes an ES module of a text that shows by nothing else that it is one.
const esMark = "\nexport {};"

// strictOnly is in what esbuild 0.28.2 says of a text that is not strict, which its bundles are.
const strictOnly = ` with the "esm" output format`

func lower(src engine.Script, language api.Loader) (*engine.Lowered, error) {
	b := &bundle{src: src, language: language}
	result := api.Build(b.options())
	for b.mend(&result) {
		b.imports, b.requires, b.isStatic = nil, nil, nil
		result = api.Build(b.options())
	}
	if len(result.Errors) > 0 {
		if strings.Contains(result.Errors[0].Text, strictOnly) && src.Kind != engine.KindES {
			return b.commonJS()
		}
		return nil, b.textError(result.Errors[0])
	}
	var code, sourceMap string
	for _, file := range result.OutputFiles {
		if strings.HasSuffix(file.Path, ".map") {
			sourceMap = string(file.Contents)
		} else {
			code = string(file.Contents)
		}
	}
	code, end, ok := cutEnd(code)
	switch {
	case !ok:
		return nil, &engine.TextError{Line: 1, Column: 1, Message: "internal error: esbuild's output has another form than expected"}
	case end.commonJS && len(b.imports) > 0 && src.Kind == engine.KindAny:
		// esbuild takes a text with import for CommonJS where it mentions module or exports.
		src.Kind, src.Text = engine.KindES, src.Text+esMark
		return lower(src, language)
	case !end.commonJS && src.Kind == engine.KindCommonJS && language == api.LoaderJS:
		return nil, &engine.TextError{Message: "Cannot use import, export and await outside of functions in a .cjs file"}
	case end.commonJS || src.Kind == engine.KindCommonJS:
		return b.commonJS()
	}
	return b.module(code, sourceMap, end)
}

// languageOf tells a file's language by its ending.
func languageOf(path string) api.Loader {
	switch filepath.Ext(path) {
	case ".ts", ".mts", ".cts":
		return api.LoaderTS
	case ".tsx":
		return api.LoaderTSX
	case ".jsx":
		return api.LoaderJSX
	}
	return api.LoaderJS
}

// Names in the bundle that a module is lowered in.
const (
	entry    = `__dunlin.done(import("module"))`
	spaceOf  = "dunlin" // namespace of the module itself: with its name, engine.ModuleBody
	spaceDep = "dep"
	spaceReq = "req"
)

// bundle lowers one ES module. esbuild bundles it with a stand-in for each module that it imports, and an
// entry that imports it with import(), so that it stays a function of its own, whose exports are there
// before it runs.
type bundle struct {
	src      engine.Script
	language api.Loader
	imports  []engine.Import
	requires []string
	isStatic map[string]int // index into imports
	edits    edits
}

func (b *bundle) options() api.BuildOptions {
	return api.BuildOptions{
		Stdin:  &api.StdinOptions{Contents: entry},
		Bundle: true, Format: api.FormatESModule, Platform: api.PlatformNeutral, Target: api.ES2022, Supported: lowered,
		TreeShaking: api.TreeShakingFalse, Define: map[string]string{"import.meta": "__dunlin.meta"},
		Sourcemap: api.SourceMapExternal, SourcesContent: api.SourcesContentExclude, Outdir: "/",
		LogLevel: api.LogLevelSilent, LegalComments: api.LegalCommentsNone, TsconfigRaw: "{}",
		Plugins: []api.Plugin{{Name: "dunlin", Setup: b.setup}},
	}
}

func (b *bundle) setup(build api.PluginBuild) {
	build.OnResolve(api.OnResolveOptions{Filter: ".*"}, func(a api.OnResolveArgs) (api.OnResolveResult, error) { return b.resolve(a), nil })
	build.OnLoad(api.OnLoadOptions{Filter: ".*", Namespace: spaceOf}, func(api.OnLoadArgs) (api.OnLoadResult, error) {
		return api.OnLoadResult{Contents: &b.src.Text, Loader: b.language}, nil
	})
	for space, stub := range map[string]string{spaceDep: "module.exports=__dunlin.dep(%s)", spaceReq: "module.exports=__dunlin.require(%s)"} {
		build.OnLoad(api.OnLoadOptions{Filter: ".*", Namespace: space}, func(a api.OnLoadArgs) (api.OnLoadResult, error) {
			text := fmt.Sprintf(stub, a.Path)
			return api.OnLoadResult{Contents: &text, Loader: api.LoaderJS}, nil
		})
	}
}

// resolve leads each import to its stand-in. esbuild asks for those of one file one after the other, in
// their order.
func (b *bundle) resolve(a api.OnResolveArgs) api.OnResolveResult {
	switch {
	case a.Namespace != spaceOf:
		return api.OnResolveResult{Path: "module", Namespace: spaceOf}
	case a.Kind == api.ResolveJSImportStatement:
		i, ok := b.isStatic[a.Path]
		if !ok {
			if b.isStatic == nil {
				b.isStatic = map[string]int{}
			}
			i = len(b.imports)
			b.isStatic[a.Path] = i
			b.imports = append(b.imports, engine.Import{ID: a.Path})
		}
		return api.OnResolveResult{Path: strconv.Itoa(i), Namespace: spaceDep}
	case a.Kind == api.ResolveJSRequireCall:
		b.requires = append(b.requires, a.Path)
		return api.OnResolveResult{Path: quote(a.Path), Namespace: spaceReq}
	case a.Kind == api.ResolveJSDynamicImport:
		b.requires = append(b.requires, a.Path)
	}
	return api.OnResolveResult{Path: a.Path, External: true}
}

// quote is a text as a literal of JavaScript.
func quote(s string) string {
	var out strings.Builder
	out.WriteByte('"')
	for _, r := range s {
		if r < ' ' || r == '"' || r == '\\' || r > '~' {
			for _, unit := range utf16Units(r) {
				fmt.Fprintf(&out, `\u%04x`, unit)
			}
			continue
		}
		out.WriteRune(r)
	}
	out.WriteByte('"')
	return out.String()
}

// ending is how esbuild's text of the entry ends, which tells what became of the module.
type ending struct {
	commonJS, async bool
	evaluate        string // the function that evaluates an ES module
	namespace       string
}

var endings = pattern(`__dunlin\.done\((?:Promise\.resolve\(\)\.then\(\(\) => \((init_\w+)\(\), (\w+)\)\)|(init_\w+)\(\)\.then\(\(\) => (\w+)\)|Promise\.resolve\(\)\.then\(\(\) => __toESM\(require_\w+\(\)(?:, 1)?\)\))\);\s*$`)

func cutEnd(code string) (string, ending, bool) {
	from := strings.LastIndex(code, "__dunlin.done(")
	if from < 0 {
		return code, ending{}, false
	}
	m := endings().FindStringSubmatch(code[from:])
	switch {
	case m == nil:
		return code, ending{}, false
	case m[1] != "":
		return code[:from], ending{evaluate: m[1], namespace: m[2]}, true
	case m[3] != "":
		return code[:from], ending{async: true, evaluate: m[3], namespace: m[4]}, true
	}
	return code[:from], ending{commonJS: true}, true
}

// module finishes an ES module.
func (b *bundle) module(code, sourceMap string, end ending) (*engine.Lowered, error) {
	b.findNames(code)
	if b.language == api.LoaderJS || b.language == api.LoaderJSX {
		b.findDeclared()
	}
	places := newPlaces(sourceMap, spaceOf+":module")
	code = places.restoreNames(code, b.src.Text)
	var tail strings.Builder
	// The stand-ins give what import means already.
	if strings.Contains(code, "\nvar __toESM = ") {
		tail.WriteString("__toESM = (namespace) => namespace; ")
	}
	// What is left of it are calls of require with a name that is computed.
	if strings.Contains(code, "\nvar __require = ") {
		tail.WriteString("__require = __dunlin.require; ")
	}
	fmt.Fprintf(&tail, "__dunlin.done(%s, %s);\n});", end.namespace, end.evaluate)
	// A call of import() is replaced by one of the same length, for columns not to move.
	code = strings.ReplaceAll(code, "__toESM(__require(", "__dunlin.import( (")
	code = keepClassNames(code, b.src.Text)
	head := ""
	if len(b.edits) > 0 {
		code = strings.NewReplacer(importWord+"(", "__dunlin.import(", frozenWord, "__dunlin.frozen").Replace(code)
		head = "const " + constantWord + " = {}; "
	}
	return &engine.Lowered{
		Code: `this(function (__dunlin) { "use strict"; ` + head + code + tail.String(), Place: b.place(places),
		ES: true, Async: end.async, Imports: b.imports, Requires: b.requires,
	}, nil
}

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

var dynamic = pattern(`(Promise\.resolve\(\)\.then\(\(\) => (?:\(\s*(?:/\*[^*]*\*/\s*)?)?)__toESM\(require\(`)

// commonJS lowers a text that is no ES module.
func (b *bundle) commonJS() (*engine.Lowered, error) {
	result := api.Transform(b.src.Text, api.TransformOptions{
		Format: api.FormatCommonJS, Platform: api.PlatformNode, Target: api.ES2022, Loader: b.language,
		Supported: map[string]bool{"async-generator": false, "for-await": false, "dynamic-import": false},
		Sourcemap: api.SourceMapExternal, SourcesContent: api.SourcesContentExclude, Sourcefile: "module",
		LogLevel: api.LogLevelSilent, LegalComments: api.LegalCommentsNone, TsconfigRaw: "{}",
	})
	if len(result.Errors) > 0 {
		return nil, b.textError(result.Errors[0])
	}
	// As long as what it replaces, for columns not to move.
	places := newPlaces(string(result.Map), "module")
	code := dynamic().ReplaceAllString(places.restoreNames(string(result.Code), b.src.Text), "${1}require.import((")
	if len(b.edits) > 0 {
		code = strings.ReplaceAll(code, importWord+"(", "require.import (")
	}
	requires := b.requires
	for _, i := range b.imports {
		requires = append(requires, i.ID)
	}
	return &engine.Lowered{Code: code, Place: b.place(places), Requires: requires}, nil
}

// place gives the places of the text as it was before it was changed.
func (b *bundle) place(p *places) func(line, column int) (int, int, bool) {
	if len(b.edits) == 0 {
		return p.find
	}
	return func(line, column int) (int, int, bool) {
		line, column, ok := p.find(line, column)
		return line, b.edits.back(line, column, true), ok
	}
}

func (b *bundle) textError(m api.Message) error {
	out := &engine.TextError{Line: 1, Column: 1, Message: strings.Replace(m.Text, strictOnly+" due to", " in", 1)}
	if m.Location != nil {
		out.Line, out.Column = m.Location.Line, b.edits.back(m.Location.Line, m.Location.Column+1, false)
	}
	return out
}
