package jsre_test

import (
	"errors"
	"os"
	"runtime"
	"strings"
	"testing"

	"dunlin/jsre"
)

func TestSys(t *testing.T) {
	check(t, "const s = require('sys');\n", []expectation{
		{"one object", `show(sys === s); show(require('edgeros:sys') === s);`, "true\ntrue\n"},
		{
			"facts", `show(s.platform === process.platform); show(s.arch === process.arch && s.cpuArch() === s.arch); show(typeof s.hostname() + s.hostName()); show(s.cpus > 0 && s.cpuTotal() === s.cpus && s.cpuOnline() > 0);
			show(s.version().join('.')); show(s.verCompare([1, 2, 3], [1, 2, 3])); show(s.verCompare([1, 10], [1, 9])); show(s.verCompare([1], [1, 0, 1])); show(s.engineName()); show(s.cpuBits() >= 32); show(s.cpuEndian()); show(s.hz()); show(s.cacheLine()); show(s.pageSize() >= 4096);
			show(s.maxTasks()); show(s.uptime() >= 0); show(s.monoTime() >= 3600000); show(s.memory().used > 0); show(s.tmpdir().length > 1); show(s.kernVersion().length); show(s.kernName().length > 2); show(s.cpuInfo().length > 2);`,
			"true\ntrue\nstring" + hostName(t) + "\ntrue\n0.0.0\n0\n1\n-1\ngoja\ntrue\n0\n1000\n64\ntrue\n1\ntrue\ntrue\ntrue\ntrue\n3\ntrue\ntrue\n",
		},
		{
			"numbers of errors", `show(s.error(2)); show(s.errno()); s.setErrno(13); show(s.errno() + ' ' + s.error()); s.clearErrno(); show(s.errno()); show(() => s.setErrno('x')); show(() => s.error(-1));`,
			"no such file or directory\n0\n13 permission denied\n0\nTypeError[ERR_INVALID_ARG_TYPE]: setErrno: errno must be a number, got string\nRangeError[ERR_OUT_OF_RANGE]: error: errno must be from 0 to 4095, got -1\n",
		},
		{
			"sleep", `const t = Date.now(); let fired = false; setTimeout(() => { fired = true; }, 1); show(s.sleep(20)); show(Date.now() - t >= 19); show(fired); show(() => s.sleep('x')); show(() => s.sleep(-1));
			show(s.sleep(100000, true) > 90000); show(fired);`,
			"0\ntrue\nfalse\nTypeError[ERR_INVALID_ARG_TYPE]: sleep: ms must be a number, got string\nRangeError[ERR_OUT_OF_RANGE]: sleep: ms must be from 0 to 2147483647, got -1\ntrue\ntrue\n",
		},
		{"gc and srand", `s.gc(); s.gc(true); show(s.srand(7)); const a = Math.random(); s.srand(7); show(a === Math.random()); show(s.srand()); show(s.assert(1));`, "7\ntrue\n7\ntrue\n"},
	})
	if runtime.GOOS == "linux" {
		check(t, "const s = sys;\n", []expectation{{
			"the machine", `const m = s.memory(); show(m.total > m.free && m.free > 0); show(s.memTotal() === m.total && s.memFree() > 0); show(s.kernName()); show(s.kernVersion()[0] > 2); show(s.diskTotal() >= s.diskFree() && s.diskTotal() > 0); show(s.maxFds() > 0);`,
			"true\ntrue\nLinux\ntrue\ntrue\ntrue\n",
		}})
	}
}

// TestSysAssertEndsTheScript checks that a condition that is false ends the script at once.
func TestSysAssertEndsTheScript(t *testing.T) {
	stdout, stderr, err := run(t, `print('before'); try { sys.assert(false); } finally { print('never'); }`)
	var exit *jsre.ExitError
	if stdout != "before\n" || !strings.Contains(stderr, "sys.assert") || !errors.As(err, &exit) || exit.Code != jsre.ExitScript {
		t.Errorf("%q %q %v", stdout, stderr, err)
	}
}

// TestSysAsksBeforeReading checks that facts from files need the right to read.
func TestSysAsksBeforeReading(t *testing.T) {
	refuse := func(o *jsre.Options) { o.Access.Read = func(string) error { return errors.New("not granted") } }
	stdout, _, _ := run(t, `for (const k of ['memTotal', 'cpuInfo', 'kernName', 'diskFree', 'hostName']) try { sys[k](); print(k); } catch (e) { print(k, e.code); }`, refuse)
	if want := "memTotal EACCES\ncpuInfo EACCES\nkernName EACCES\ndiskFree EACCES\nhostName\n"; stdout != want {
		t.Errorf("got %q", stdout)
	}
}

func hostName(t *testing.T) string {
	t.Helper()
	name, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	return name
}
