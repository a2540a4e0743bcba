package jsre_test

import "testing"

// TestSmallModulesOfNode shows the modules that packages for terminals ask for.
func TestSmallModulesOfNode(t *testing.T) {
	out, err := runFiles(t, `
-- main.js --
const tty = require('node:tty'), constants = require('constants');
print(tty.isatty(1), tty.isatty(0), tty.isatty(7), tty.isatty('1'), tty.isatty(), process.stdout instanceof tty.WriteStream);
for (const C of [tty.ReadStream, tty.WriteStream]) try { new C(1); } catch (e) { print(e.code); }
print(require('util/types') === require('util').types, constants.O_RDONLY, constants.SIGINT);
try { require('stream'); } catch (e) { print(e.code, /this module of Node.js is not served: .*/.exec(e.message)[0]); }
`)
	want := "false false false false false false\nERR_ILLEGAL_CONSTRUCTOR\nERR_ILLEGAL_CONSTRUCTOR\ntrue 0 2\nMODULE_NOT_FOUND this module of Node.js is not served: there are no streams for scripts; the package readable-stream, which is pure JavaScript, may do\n"
	if out != want || err != nil {
		t.Errorf("got %q, %v\nwant %q", out, err, want)
	}
}
