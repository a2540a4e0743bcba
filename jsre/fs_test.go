package jsre_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dunlin/jsre"
	"dunlin/jsre/engine"
)

// TestFS shows the functions of JSRE; those of Node.js are in testdata/node.
func TestFS(t *testing.T) {
	check(t, "const fs = require('fs'), j = JSON.stringify;\n", []expectation{
		{
			"whole files", `show(fs.writeFile('a.txt', 'h€')); show(fs.readString('./a.txt')); show(fs.readFile('a.txt') instanceof Buffer); show(fs.readFile('a.txt', 'hex')); show(fs.readFileSync('a.txt', { encoding: 'latin1' }).length); show(fs.appendFile('a.txt', Buffer.from('!'))); show(fs.readString('a.txt'));
			show(fs.writeFile('b', Buffer.from('0123456'), 2, 3)); show(fs.readString('b')); show(fs.appendFile('b', Buffer.from('xyz'), 1)); show(fs.readString('b')); fs.writeFile('c', 'x', 0o600); show((fs.stat('c').mode & 0o777).toString(8)); fs.writeFile('e', Buffer.from('x'), 0, 1, 0o604); show((fs.stat('e').mode & 0o777).toString(8));
			show(fs.exists('a.txt')); show(fs.exists('none')); show(fs.access('a.txt', fs.R_OK)); show(fs.access('a.txt', fs.X_OK)); show(fs.access('none', fs.F_OK)); show(require('edgeros:fs') === fs);`,
			"true\nh€\ntrue\n68e282ac\n4\ntrue\nh€!\ntrue\n234\ntrue\n234yz\n600\n604\ntrue\nfalse\ntrue\nfalse\nfalse\ntrue\n",
		},
		{
			"false where it did not go well", `show(fs.unlink('none')); show(fs.rename('none', 'x')); show(fs.writeFile('no/dir', 'x')); show(fs.appendFile('no/dir', 'x')); show(fs.mkdir('x/y')); show(fs.rmdir('none')); show(fs.chmod('none', 1)); show(fs.chown('none', 1, 1)); show(fs.truncate('none', 1)); show(fs.utimes('none', 1, 1)); show(fs.symlink('a', 'no/b')); show(fs.store('no/x', {})); show(fs.copy('x', 'none')); show(fs.open('none')); show(fs.readdir('none', () => {})); show(fs.clrdir('none')); show(fs.size('none')); show(fs.compare('none', 'none'));`,
			strings.Repeat("false\n", 13) + "undefined\nfalse\nfalse\n0\nfalse\n",
		},
		{
			"errors", `show(() => fs.readString('none.pem')); show(() => fs.readFile('.')); show(() => fs.readString(null)); show(() => fs.writeFile('x', 5)); show(() => fs.stat('q')); show(() => fs.dumpdir('q')); try { fs.realpath('q'); } catch (e) { show(e.name + '[' + e.code + ']: ' + e.message.replace(require('path').cwd(), 'DIR')); } show(() => fs.walk('q', () => {})); show(() => fs.walk('.')); show(() => fs.readlink('q')); show(() => fs.mkdtemp('q/x')); show(() => fs.store('x')); try { fs.readString('q'); } catch (e) { show(e.path); }
			Object.assign(Object.prototype, { encoding: 'hex' }); fs.writeFile('p', 'a'); show(fs.readFile('p', {}) instanceof Buffer);`,
			"Error[ENOENT]: ENOENT: no such file or directory, open 'none.pem'\nError[EISDIR]: EISDIR: illegal operation on a directory, read\nTypeError[ERR_INVALID_ARG_TYPE]: The \"path\" argument must be of type string or an instance of Buffer or URL. Received null\n" +
				"TypeError[ERR_INVALID_ARG_TYPE]: The \"data\" argument must be of type string or an instance of Buffer, TypedArray, or DataView. Received type number (5)\n" +
				"Error[ENOENT]: ENOENT: no such file or directory, stat 'q'\nError[ENOENT]: ENOENT: no such file or directory, scandir 'q'\nError[ENOENT]: ENOENT: no such file or directory, lstat 'DIR/q'\nError[ENOENT]: ENOENT: no such file or directory, scandir 'q'\n" +
				"TypeError[ERR_INVALID_ARG_TYPE]: The \"func\" argument must be of type function. Received undefined\nError[ENOENT]: ENOENT: no such file or directory, readlink 'q'\nError[ENOENT]: ENOENT: no such file or directory, mkdtemp 'q/xXXXXXX'\nTypeError[ERR_INVALID_ARG_TYPE]: The \"obj\" argument must be of type object. Received undefined\nq\ntrue\n",
		},
		{
			"folders", `show(fs.mkdir('d')); show(fs.mkdir('d')); show(fs.mkdir('d/e/f', 0o755, true)); show(fs.mkdir('n/o', { recursive: true })); fs.writeFile('d/1', '1'); fs.writeFile('d/e/2', '22'); show(fs.symlink('1', 'd/l')); show(fs.readlink('d/l'));
			show(fs.readdir('d', (e, a, b) => show(e.name + e.type + a + b), 'A', 'B')); show(j(fs.dumpdir('d'))); show(fs.readdir('d').join()); fs.walk('d', (e, x) => show(e.path + '/' + e.name + x), '!'); show(fs.size('d')); show(fs.size('d/e/2'));
			show(fs.rmdir('d')); show(fs.rmdir('d/1')); show(fs.copy('copied', 'd')); show(fs.copy('copied', 'd')); show(fs.copy('copied', 'd', true)); show(fs.readString('copied/e/2')); show(fs.copy('d/inner', 'd')); show(fs.clrdir('copied', true)); show(fs.readdir('copied').length); show(() => fs.clrdir('d')); show(fs.clrdir('d', false, true)); show(fs.rmdir('d', true)); show(fs.exists('d')); show(fs.rename('copied', 'moved')); show(fs.realpath('moved') === require('path').resolve('moved')); show(fs.exists(fs.mkdtemp('t-')));`,
			"true\nfalse\ntrue\ntrue\ntrue\n1\n18AB\ne4AB\nl10AB\ntrue\n" + `[{"name":"1","type":8},{"name":"e","type":4},{"name":"l","type":10}]` + "\n1,e,l\nd/1!\nd/l!\nd/e/2!\n3\n2\n" +
				"false\nfalse\ntrue\nfalse\ntrue\n22\nfalse\ntrue\n0\nError[EISDIR]: EISDIR: illegal operation on a directory, unlink 'd/e'\nfalse\ntrue\nfalse\ntrue\ntrue\ntrue\n",
		},
		{
			"stat", `fs.writeFile('f', 'abc'); fs.utimes('f', 1, new Date(2500)); const s = fs.stat('f'); show([s.size, s.atime, s.mtime, typeof s.ctime, typeof s.dev, s.isFile(), s.isDirectory(), fs.S_ISREG(s.mode), fs.S_ISDIR(s.mode), fs.S_ISLNK(s.mode), fs.S_ISCHR(s.mode), fs.S_ISBLK(s.mode), fs.S_ISFIFO(s.mode), fs.S_ISSOCK(s.mode)].join());
			fs.symlink('f', 'l'); show(fs.stat('l').isSymbolicLink()); show(fs.stat('l', false).isSymbolicLink()); show(fs.statSync('f').mtime instanceof Date); show([fs.DT_UNKNOWN, fs.DT_FIFO, fs.DT_CHR, fs.DT_DIR, fs.DT_BLK, fs.DT_REG, fs.DT_LNK, fs.DT_SOCK, fs.SEEK_SET, fs.SEEK_CUR, fs.SEEK_END].join());
			show(fs.chmod('f', 0o640)); show((fs.stat('f').mode & 0o777).toString(8)); show(fs.truncate('f', 1)); show(fs.size('f')); show(fs.chown('f', -1, -1)); show(fs.unlink('f'));`,
			"3,1000,2500,number,string,true,false,true,false,false,false,false,false,false\nfalse\ntrue\ntrue\n0,1,2,4,6,8,10,12,0,1,2\ntrue\n640\ntrue\n1\ntrue\ntrue\n",
		},
		{
			"load and store", `show(fs.store('c.json', { a: [1] })); show(j(fs.load('c.json'))); show(j(fs.load('none', { d: 1 }))); fs.writeFile('bad', '{'); show(fs.load('bad')); fs.writeFile('x', 'same'); fs.writeFile('y', 'same'); show(fs.compare('x', 'y')); fs.appendFile('y', '!'); show(fs.compare('x', 'y')); fs.sync();
			const n = fs.tmpname('pre', '.ext'); show(/pre.*\.ext$/.test(n)); show(fs.exists(n)); const t = fs.tmpfile('pre'); t.write('tmp'); show(t.toString()); t.close();`,
			"true\n{\"a\":[1]}\n{\"d\":1}\nundefined\ntrue\nfalse\ntrue\nfalse\ntmp\n",
		},
		{
			"File", `const f = fs.open('f', 'w+', 0o644); show(f instanceof fs.File); show(f.write('hello')); show(f.write(Buffer.from('12345'), 1, 2)); show(f.tell()); show(f.write('J', 0)); show(f.toString()); show(f.toString(1, 3)); show(f.size()); show(f.seek(1)); const b = Buffer.alloc(4); show(f.read(b, 1, 2)); show(b.toString('hex')); show(f.read(b, 0, 2, 5)); show(b.toString('latin1')); show(f.seek(-1, fs.SEEK_END)); show(f.read(b)); show(f.read(b)); show(f.stat().size); f.sync(); show(f.chmod(0o600)); show(f.chown(-1, -1)); show(f.utimes(1, 2)); show(f.stat().mtime);
			fs.writeFile('g', 'Jello23'); show(f.compare('g')); show(f.compare('g', 1)); show(f.compare('g', 1, 3, 1, 3)); const g = new fs.File('g', 'r'); show(f.compare(g)); show(f.truncate(2)); show(f.size()); f.close(); f.close(); show(() => f.size()); show(() => new fs.File('none')); show(() => fs.File.prototype.size.call({})); show(() => g.read('x')); show(() => f.write('x')); show(() => g.seek('x'));`,
			"true\n5\n2\n7\n1\nJello23\nel\n7\n1\n2\n00656c00\n2\n23l\x00\n6\n1\n0\n7\ntrue\ntrue\ntrue\n2000\ntrue\nfalse\ntrue\ntrue\ntrue\n2\n" +
				"Error[EBADF]: EBADF: bad file descriptor, read\nError[ENOENT]: ENOENT: no such file or directory, open 'none'\nTypeError[ERR_INVALID_THIS]: Value of \"this\" must be of type File\nTypeError[ERR_INVALID_ARG_TYPE]: The \"buffer\" argument must be an instance of Buffer, TypedArray, or DataView. Received type string ('x')\nError[EBADF]: EBADF: bad file descriptor, read\nTypeError[ERR_INVALID_ARG_TYPE]: The \"offset\" argument must be of type number. Received type string ('x')\n",
		},
		{
			"plain names with a callback are those of Node.js", `fs.writeFile('a', 'x', e => { show(e); fs.readFile('a', 'utf8', (e, t) => { show(t); fs.unlink('a', e => { show(e); fs.unlink('a', e => { show(e.code); fs.open('b', 'w', (e, fd) => { show(typeof fd); fs.write(fd, 'abc', (e, n, s) => { show(n + s); fs.close(fd, e => { show(e); fs.stat('b', (e, s) => show(s.mtime instanceof Date)); }); }); }); }); }); }); });`,
			"null\nx\nnull\nENOENT\nnumber\n3abc\nnull\ntrue\n",
		},
		{
			"operations on descriptors with a callback", `const { promisify } = require('util'), fd = fs.openSync('d', 'w+'), p = n => promisify(fs[n]); (async () => { const b = Buffer.alloc(3);
			show(await p('writev')(fd, [Buffer.from('ab'), Buffer.from('c')])); show(await p('readv')(fd, [b], 0)); show(b.toString()); await p('fsync')(fd); await p('fdatasync')(fd); await p('futimes')(fd, 1, 2); show((await p('fstat')(fd)).mtimeMs); await p('fchmod')(fd, 0o600); await p('fchown')(fd, -1, -1); show(fs.fchownSync(fd, -1, -1));
			await p('ftruncate')(fd, 1); await p('close')(fd); show(fs.size('d')); await p('cp')('d', 'e'); show(fs.exists('e')); await fs.promises.cp('d', 'f'); show(fs.exists('f')); await p('close')(99).catch(e => show(e.code)); })(); const n = ['writev', 'readv', 'fsync', 'fdatasync', 'futimes', 'fchmod', 'fchown', 'cp'];`,
			"3\n3\nabc\n2000\nundefined\n1\ntrue\ntrue\nEBADF\n",
		},
		{
			"readdir of Node.js and of JSRE", `fs.mkdir('r'); fs.writeFile('r/a', ''); const says = [];
			fs.readdir('r', (err, names) => show(err + names.join())); fs.readdir('none', (err, names) => show(err.code + names)); fs.readdir('r', { withFileTypes: true }, (...x) => show(x[1][0].isFile()));
			fs.readdir('r', e => show('entry ' + e.name)); fs.readdir('r', (...x) => show('entries ' + x.length)); fs.readdir('r', (e, more) => show(e.name + more), '!'); show(fs.readdir('none', e => show('never')) + ' ' + sys.errno());`,
			"entry a\nentries 1\na!\nfalse 2\nnulla\nENOENTundefined\ntrue\n",
		},
		{
			"the number of the last error", `const n = f => { sys.clearErrno(); try { f(); } catch {} show(sys.errno()); }; n(() => fs.unlink('none')); n(() => fs.stat('none')); n(() => fs.readFileSync('none')); n(() => fs.readFile('.')); n(() => fs.exists('.')); n(() => fs.unlink('none', () => {})); fs.unlink('none'); show(sys.error());`,
			"2\n2\n2\n21\n0\n2\nno such file or directory\n",
		},
		{
			"a signal that has fired", `fs.writeFile('s', 'x'); const signal = AbortSignal.abort('why'), says = x => show(x.name + x.code + x.message + x.cause); fs.promises.readFile('s', { signal }).catch(says); fs.promises.writeFile('s', 'changed', { signal }).catch(says); fs.promises.appendFile('s', 'changed', { signal }).catch(x => { says(x); show(fs.readString('s')); });
			fs.readFile('s', { signal }, says); fs.promises.readFile('s', { signal: 5 }).catch(x => show(x.message)); fs.promises.readFile('s', { signal: new AbortController().signal, encoding: 'utf8' }).then(show); show(() => fs.writeFile('s', 'x', { signal: 5 }, says));`,
			"TypeError[ERR_INVALID_ARG_TYPE]: The \"options.signal\" property must be an instance of AbortSignal. Received type number (5)\n" + strings.Repeat("AbortErrorABORT_ERRThe operation was abortedwhy\n", 3) + "x\nThe \"options.signal\" property must be an instance of AbortSignal. Received type number (5)\nx\nAbortErrorABORT_ERRThe operation was abortedwhy\n",
		},
		{"standard streams", `show(fs.writeSync(1, '')); fs.writeFileSync(1, ''); show(() => fs.fstatSync(1)); show(fs.closeSync(2));`, "0\nError[EINVAL]: EINVAL: invalid argument, fstat\nundefined\n"},
		{"a URL is a path", `fs.writeFile('a b', 'x'); const u = require('url').pathToFileURL('a b'); show(fs.readFileSync(u, 'utf8')); show(() => fs.readFileSync(new URL('http://x/')));`, "x\nTypeError[ERR_INVALID_URL_SCHEME]: The URL must be of scheme file\n"},
	})
}

// TestFSAccess shows that nothing outside of what is granted is opened, by whatever name.
func TestFSAccess(t *testing.T) {
	outside, inside := t.TempDir(), t.TempDir()
	for dir, text := range map[string]string{outside: "secret", inside: "mine"} {
		if err := os.WriteFile(filepath.Join(dir, "file"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, target := range map[string]string{"link": filepath.Join(outside, "file"), "folder": outside, "dangling": filepath.Join(outside, "new"), "chain": "dangling"} {
		if err := os.Symlink(target, filepath.Join(inside, name)); err != nil {
			t.Fatal(err)
		}
	}
	only := func(path string) error {
		if rel, err := filepath.Rel(inside, path); err != nil || !filepath.IsLocal(rel) {
			return errors.New("not granted")
		}
		return nil
	}
	const head = "const fs = require('fs'), out = '%OUT%';\nconst no = (...list) => { for (const f of list) { let v; try { v = f(); } catch (e) { v = e.code; } if (v !== 'EACCES') show(f + ' gave ' + v); } };\n"
	check(t, strings.ReplaceAll(head, "%OUT%", outside), []expectation{
		{
			"refused", `no(() => fs.readFileSync(out + '/file'), () => fs.readString('link'), () => fs.readFile('folder/file'), () => fs.readFileSync('../' + out + '/file'), () => fs.writeFileSync('link', 'x'), () => fs.writeFile('dangling', 'x'), () => fs.appendFileSync('chain', 'x'), () => fs.writeFileSync('folder/x', 'x'), () => fs.statSync('link'), () => fs.stat('link'), () => fs.readdirSync('folder'), () => fs.dumpdir(out),
			() => fs.mkdirSync(out + '/d'), () => fs.mkdir('folder/d'), () => fs.rmSync('folder/file'), () => fs.unlink(out + '/file'), () => fs.renameSync('file', out + '/x'), () => fs.rename(out + '/file', 'x'), () => fs.copyFileSync(out + '/file', 'x'), () => fs.copyFileSync('file', out + '/x'), () => fs.copy('x', out), () => fs.cpSync('file', 'dangling'), () => fs.chmodSync('link', 0o777), () => fs.truncateSync('link'), () => fs.utimesSync('link', 1, 1), () => fs.linkSync(out + '/file', 'hard'), () => fs.linkSync('file', out + '/hard'), () => fs.symlinkSync('x', out + '/s'),
			() => fs.openSync(out + '/file'), () => fs.openSync('link', 'r+'), () => fs.open('link'), () => new fs.File('link'), () => fs.existsSync('link'), () => fs.accessSync('link'), () => fs.access(out), () => fs.realpathSync('link'), () => fs.size(out), () => fs.walk(out, () => {}), () => fs.compare('file', 'link'), () => fs.mkdtempSync(out + '/x'), () => fs.load('link'), () => fs.store('link', {}), () => fs.tmpfile(), () => fs.clrdir('folder'), () => fs.readlinkSync(out + '/none'), () => fs.opendirSync ? 0 : 'x' && fs.readFileSync('/etc/hostname'));
			fs.readFile('link', e => show('callback ' + e.code)); fs.promises.readFile('link').catch(e => show('promise ' + e.code)); show(fs.readString('file')); fs.writeFileSync('file', 'new'); show(fs.readlinkSync('link') === out + '/file'); fs.unlinkSync('link'); show(fs.existsSync('file'));`,
			"mine\ntrue\ntrue\npromise EACCES\ncallback EACCES\n",
		},
	}, func(o *jsre.Options) { o.Dir, o.Access = inside, engine.Access{Read: only, Write: only} })
	if b, err := os.ReadFile(filepath.Join(outside, "file")); err != nil || string(b) != "secret" {
		t.Errorf("the file outside is %q, %v", b, err)
	}
	if list, err := os.ReadDir(outside); err != nil || len(list) != 1 {
		t.Errorf("outside there is %v, %v", list, err)
	}
}
