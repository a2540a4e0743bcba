package jsre_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"dunlin/jsre"
)

// TestPackages compares what is found in node_modules with what Node.js 22 finds.
func TestPackages(t *testing.T) {
	for _, tc := range []struct{ name, files, want string }{
		{"main, index and files", `
-- main.js --
print(require('main'), require('main2'), require('index'), require('main/other'), require('main/other.js'), require('@scope/pkg'), require('@scope/pkg/sub/x'), require('single'), require('./folder'));
print(require.resolve('main').slice(-30), require('main/package.json').name, require('up'));
-- node_modules/main/package.json --
{"name": "main", "main": "lib/start"}
-- node_modules/main/lib/start.js --
module.exports = 'main';
-- node_modules/main/other.js --
module.exports = 'other';
-- node_modules/main2/package.json --
{"main": "./gone.js"}
-- node_modules/main2/index.js --
module.exports = 'main2';
-- node_modules/index/index.js --
module.exports = 'index';
-- node_modules/@scope/pkg/package.json --
{"main": "./a.cjs"}
-- node_modules/@scope/pkg/a.cjs --
module.exports = 'scoped';
-- node_modules/@scope/pkg/sub/x.js --
module.exports = 'sub';
-- node_modules/single.js --
module.exports = 'single';
-- folder/package.json --
{"main": "m"}
-- folder/m/index.js --
module.exports = 'folder';
-- node_modules/up/index.js --
module.exports = 'up sees ' + require('main2') + ' and ' + require('own');
-- node_modules/up/node_modules/own/index.js --
module.exports = 'its own';
`, "main main2 index other other scoped sub single folder\nnode_modules/main/lib/start.js main up sees main2 and its own\n"},
		{"exports and conditions", `
-- main.mjs --
import a from 'dual';
import { createRequire } from 'node:module';
const require = createRequire(import.meta.url);
print(a, require('dual'), require('dual/feature/x'), require('dual/wild/deep/y'), require('sugar'), require('list'), require('nested/only'));
for (const id of ['dual/lib/a.cjs', 'dual/none', 'dual/feature/internal/z', 'noroot', 'escape', 'absent/x']) try { require(id); } catch (e) { print(e.code, id); }
try { await import('dual/none'); } catch (e) { print(e.name, e.code, e.message.replace(import.meta.dirname, 'DIR')); }
-- node_modules/dual/package.json --
{"name": "dual", "exports": {".": {"types": "./x.d.ts", "import": "./lib/a.mjs", "require": "./lib/a.cjs"}, "./feature/*": "./lib/*.cjs", "./feature/internal/*": null, "./wild/*": {"browser": "./no/*.js", "default": "./lib/wild/*.js"}}}
-- node_modules/dual/lib/a.mjs --
export default 'esm';
-- node_modules/dual/lib/a.cjs --
module.exports = 'cjs';
-- node_modules/dual/lib/x.cjs --
module.exports = require('dual') + ' by its own name';
-- node_modules/dual/lib/wild/deep/y.js --
module.exports = 'wild';
-- node_modules/sugar/package.json --
{"exports": "./s.js", "main": "./no.js"}
-- node_modules/sugar/s.js --
module.exports = 'sugar';
-- node_modules/list/package.json --
{"exports": [{"browser": "./no.js"}, "./l.js"]}
-- node_modules/list/l.js --
module.exports = 'list';
-- node_modules/nested/package.json --
{"exports": {"./only": {"node": {"import": "./no.mjs", "default": "./n.js"}}}}
-- node_modules/nested/n.js --
module.exports = 'nested';
-- node_modules/noroot/package.json --
{"exports": {"./a": "./a.js"}}
-- node_modules/escape/package.json --
{"exports": "./../sugar/s.js"}
`, "esm cjs cjs by its own name wild sugar list nested\n" +
			"ERR_PACKAGE_PATH_NOT_EXPORTED dual/lib/a.cjs\nERR_PACKAGE_PATH_NOT_EXPORTED dual/none\nERR_PACKAGE_PATH_NOT_EXPORTED dual/feature/internal/z\n" +
			"ERR_PACKAGE_PATH_NOT_EXPORTED noroot\nERR_PACKAGE_PATH_NOT_EXPORTED escape\nMODULE_NOT_FOUND absent/x\n" +
			"Error ERR_PACKAGE_PATH_NOT_EXPORTED Package subpath './none' is not defined by \"exports\" in DIR/node_modules/dual/package.json (imported by main.mjs)\n"},
		{"imports of a package's own", `
-- package.json --
{"type": "module", "imports": {"#lib": "./src/lib.js", "#dep": {"node": "dep"}, "#p/*": "./src/*.js"}}
-- main.js --
import lib from '#lib';
import dep from '#dep';
import wild from '#p/lib';
print(lib, dep, wild);
try { await import('#none'); } catch (e) { print(e.name, e.code); }
-- src/lib.js --
export default 'lib';
-- node_modules/dep/index.js --
module.exports = 'dep';
`, "lib dep lib\nTypeError ERR_PACKAGE_IMPORT_NOT_DEFINED\n"},
		{"a broken package.json", `
-- main.js --
try { require('broken'); } catch (e) { print(e.code, e.message.startsWith('Invalid package config')); }
-- node_modules/broken/package.json --
{"main": }
`, "ERR_INVALID_PACKAGE_CONFIG true\n"},
		{"require.cache, require.resolve with paths, module", `
-- main.js --
const { isBuiltin, builtinModules, createRequire } = require('module');
const a = require('./a'), id = require.resolve('./a');
print(require('./a') === a, require.cache[id].exports === a, Object.keys(require.cache).length, require.cache[id].loaded);
delete require.cache[id]; print(require('./a') === a);
require.cache[id].exports = 'replaced'; print(require('./a'));
print(require.resolve('x', { paths: ['sub'] }).slice(-25), require.resolve.paths('fs'), require.resolve.paths('x')[0].slice(-13));
print(isBuiltin('node:fs'), isBuiltin('left-pad'), builtinModules.includes('mqtt'), createRequire(__filename)('./a'), createRequire('file://' + __dirname + '/sub/')('x'));
try { createRequire('relative'); } catch (e) { print(e.code); }
try { require.resolve('none'); } catch (e) { print(e.code); }
-- a.js --
module.exports = {};
-- sub/node_modules/x/index.js --
module.exports = 'x';
`, "true true 2 true\nfalse\nreplaced\nb/node_modules/x/index.js null /node_modules\ntrue false true replaced x\nERR_INVALID_ARG_VALUE\nMODULE_NOT_FOUND\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, err := runFiles(t, tc.files)
			if err != nil {
				t.Fatalf("%v\n%s", err, got)
			}
			if got != tc.want {
				t.Errorf("got:\n%swant:\n%s", got, tc.want)
			}
		})
	}
}

func TestALinkedPackageIsLoadedOnce(t *testing.T) {
	got, err := runFiles(t, `
-- main.mjs --
import a from 'linked';
import b from './real/index.js';
print(a === b, a.dep);
-- real/index.js --
module.exports = { dep: require('dep') };
-- real/node_modules/dep/index.js --
module.exports = 'dep of the real folder';
-- node_modules/keep --
`, func(o *jsre.Options) {
		if err := os.Symlink(filepath.Join(o.Dir, "real"), filepath.Join(o.Dir, "node_modules", "linked")); err != nil {
			t.Fatal(err)
		}
	})
	if err != nil || got != "true dep of the real folder\n" {
		t.Errorf("%q, %v", got, err)
	}
}

// TestAccessIsAskedForEveryModule shows that a file outside of what a script may read is not loaded.
func TestAccessIsAskedForEveryModule(t *testing.T) {
	got, err := runFiles(t, `
-- main.mjs --
for (const id of ['./no/a.cjs', './no/a.mjs', './no/a.json', './yes.mjs']) await import(id).then((m) => print(id, m.default), (e) => print(id, e.code));
-- no/a.cjs --
-- no/a.mjs --
-- no/a.json --
1
-- yes.mjs --
export default 'read';
`, func(o *jsre.Options) {
		o.Access.Read = func(path string) error {
			if filepath.Base(filepath.Dir(path)) == "no" {
				return os.ErrPermission
			}
			return nil
		}
	})
	if want := "./no/a.cjs EACCES\n./no/a.mjs EACCES\n./no/a.json EACCES\n./yes.mjs read\n"; err != nil || got != want {
		t.Errorf("got %v\n%swant\n%s", err, got, want)
	}
}

// TestModulesOutsideOfWhatIsGranted shows that require tells nothing of files that may not be read, not
// even whether they are there, and that a package that cannot be looked for is one that is not there.
func TestModulesOutsideOfWhatIsGranted(t *testing.T) {
	outside, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	write(t, outside, "secret.js", "module.exports = 'secret'")
	write(t, outside, "pkg/package.json", `{"main": "../told"}`)
	write(t, outside, "told.js", "")
	write(t, outside, "broken/package.json", "secret")
	out, err := runFiles(t, `
-- main.js --
const tell = f => { try { print(f()); } catch (e) { print(e.code, e.message.replace(/ \(.*/, '')); } };
tell(() => require('./granted'));
tell(() => require('./granted/none'));
for (const id of ['secret.js', 'none.js', 'pkg', 'broken']) {
	tell(() => require.resolve('OUTSIDE/' + id));
	tell(() => require('OUTSIDE/' + id));
	tell(() => require(__dirname + '/link/' + id));
}
tell(() => require('left-pad'));
tell(() => require('left-pad', 'x').y);
tell(() => require('told'));
tell(() => require.resolve('pkg', { paths: ['OUTSIDE'] }));
import('OUTSIDE/none.js').catch(e => print(e.code));
import('left-pad').catch(e => print(e.code));
-- package.json --
not JSON, and not to be read
-- node_modules/told/package.json --
{"main": "secret-name"}
-- granted/index.js --
module.exports = 'granted';
`, func(o *jsre.Options) {
		dir, err := filepath.EvalSymlinks(o.Dir)
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(dir, "main.js"))
		if err != nil {
			t.Fatal(err)
		}
		write(t, dir, "main.js", strings.ReplaceAll(string(text), "OUTSIDE", outside))
		if err := os.Symlink(outside, filepath.Join(dir, "link")); err != nil {
			t.Fatal(err)
		}
		o.Access.Read = func(path string) error {
			if rest, ok := strings.CutPrefix(path, dir); ok && (rest == "/main.js" || strings.HasPrefix(rest, "/granted")) {
				return nil
			}
			return errors.New("not granted")
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	want := "granted\nMODULE_NOT_FOUND Cannot find module './granted/none'\n"
	for _, id := range []string{"secret.js", "none.js", "pkg", "broken"} {
		want += strings.Repeat("EACCES may not read OUTSIDE/"+id+": not granted\n", 2) + "EACCES may not read DIR/link/" + id + ": not granted\n"
	}
	want += strings.Repeat("MODULE_NOT_FOUND Cannot find module 'left-pad'\n", 2) + "MODULE_NOT_FOUND Cannot find module 'told'\n" +
		"MODULE_NOT_FOUND Cannot find module 'pkg'\nEACCES\nERR_MODULE_NOT_FOUND\n"
	if out = strings.ReplaceAll(out, outside, "OUTSIDE"); out != want {
		t.Errorf("got\n%s\nwant\n%s", out, want)
	}
}

// TestAPackageThatTheSystemDoesNotLetBeRead is as good as absent, as in Node.js.
func TestAPackageThatTheSystemDoesNotLetBeRead(t *testing.T) {
	if os.Geteuid() == 0 || runtime.GOOS == "windows" {
		t.Skip("here all can be read")
	}
	out, err := runFiles(t, `
-- main.js --
try { require('left-pad'); } catch (e) { print(e.code); }
-- package.json --
{}
`, func(o *jsre.Options) {
		if err := os.Chmod(filepath.Join(o.Dir, "package.json"), 0); err != nil {
			t.Fatal(err)
		}
	})
	if want := "MODULE_NOT_FOUND\n"; out != want || err != nil {
		t.Errorf("got %q, %v; want %q", out, err, want)
	}
}
