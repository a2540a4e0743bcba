const show = require('./show');
const fs = require('fs');
const path = require('path');
const os = require('os');
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'fs-'));
const at = name => path.join(dir, name);
const plain = text => text.split(dir).join('DIR').replace(/-[A-Za-z0-9]{6}'/, "-RANDOM'");
const tell = (name, f) => {
  let out;
  try {
    out = show.text(f());
  } catch (e) {
    out = 'throws ' + [e.name, e.code, e.errno, e.syscall, e.path, e.dest, e.message].map(String).join(' | ');
  }
  console.log(plain(name.toString().replace('() => ', '') + ' => ' + out));
};
const run = (...list) => { for (const f of list) tell(f, f); };
fs.mkdirSync(at('d'));
fs.writeFileSync(at('f'), 'hé');

run(() => fs.readFileSync(at('f')), () => fs.readFileSync(at('f'), 'utf8'), () => fs.readFileSync(at('f'), { encoding: 'hex' }), () => fs.readFileSync(at('f'), 'latin1'), () => fs.readFileSync(Buffer.from(at('f')), 'utf8'), () => fs.readFileSync(at('f'), null), () => fs.readFileSync(at('f'), { encoding: null }), () => fs.readFileSync(at('f'), 'nope'), () => fs.readFileSync(at('f'), 5), () => fs.readFileSync(at('f'), { flag: 'zz' }), () => fs.readFileSync(at('f'), { flag: 'a+', encoding: 'utf8' }), () => fs.readFileSync(at('no')), () => fs.readFileSync(at('d')), () => fs.readFileSync(5.5), () => fs.readFileSync({}), () => fs.readFileSync(null), () => fs.readFileSync('a\0b'), () => fs.readFileSync(''));
run(() => fs.writeFileSync(at('w'), 'abc'), () => fs.writeFileSync(at('w'), 'x', { flag: 'a' }), () => fs.appendFileSync(at('w'), Buffer.from('y')), () => fs.appendFileSync(at('w'), '7a', 'hex'), () => fs.readFileSync(at('w'), 'utf8'), () => fs.writeFileSync(at('w'), new Uint16Array([0x6161, 0x6262])), () => fs.readFileSync(at('w'), 'utf8'), () => fs.writeFileSync(at('w'), 'zz', { flag: 'wx' }), () => fs.writeFileSync(at('w'), 5), () => fs.writeFileSync(at('w'), {}), () => fs.writeFileSync(at('w')), () => fs.writeFileSync(at('no/f'), 'x'), () => fs.writeFileSync(at('w'), 'x', { mode: 'zz' }), () => fs.writeFileSync(at('w'), '€', 'latin1'), () => fs.readFileSync(at('w'), 'hex'), () => fs.appendFileSync(at('w')), () => fs.writeFileSync(at('m'), '', { mode: 0o600 }), () => (fs.statSync(at('m')).mode & 0o777).toString(8));
run(() => fs.mkdirSync(at('d')), () => fs.mkdirSync(at('a/b')), () => fs.mkdirSync(at('a/b'), { recursive: true }), () => fs.mkdirSync(at('a/b'), { recursive: true }), () => fs.mkdirSync(at('a/b'), { recursive: 1 }), () => fs.mkdirSync(at('f'), { recursive: true }), () => fs.mkdirSync(at('q'), 'abc'), () => fs.mkdirSync(at('q'), { mode: '7777777777777' }), () => fs.rmdirSync(at('a')), () => fs.rmdirSync(at('no')), () => fs.rmdirSync(at('f')), () => fs.unlinkSync(at('no')), () => fs.unlinkSync(at('d')), () => fs.rmSync(at('no')), () => fs.rmSync(at('no'), { force: true }), () => fs.rmSync(at('d'), { recursive: 1 }), () => fs.rmSync(at('a'), { recursive: true }), () => fs.existsSync(at('a')));
fs.mkdirSync(at('t/u/v'), { recursive: true });
fs.writeFileSync(at('t/1'), '1');
fs.writeFileSync(at('t/u/2'), '22');
fs.symlinkSync('1', at('t/l'));
run(() => fs.readdirSync(at('t')), () => fs.readdirSync(at('t'), { recursive: true }).sort(), () => fs.readdirSync(at('t'), { withFileTypes: true }).map(e => [e.name, e.isFile(), e.isDirectory(), e.isSymbolicLink(), e.isFIFO(), e.isSocket(), e.isBlockDevice(), e.isCharacterDevice(), e.parentPath, e.path, e.constructor.name]), () => fs.readdirSync(at('t'), 'buffer')[0], () => fs.readdirSync(at('no')), () => fs.readdirSync(at('f')), () => fs.readdirSync(5));
run(() => fs.statSync(at('f')).size, () => fs.statSync(at('f')).isFile(), () => fs.statSync(at('d')).isDirectory(), () => fs.lstatSync(at('t/l')).isSymbolicLink(), () => fs.statSync(at('t/l')).isSymbolicLink(), () => Object.keys(fs.statSync(at('f'))).sort(), () => fs.statSync(at('f')).constructor === fs.Stats, () => fs.statSync(at('f')).mtime instanceof Date, () => typeof fs.statSync(at('f')).mtimeMs, () => fs.statSync(at('f')).isFIFO(), () => fs.statSync(at('no')), () => fs.statSync(at('no'), { throwIfNoEntry: false }), () => fs.lstatSync(at('no')), () => fs.lstatSync(at('no'), { throwIfNoEntry: false }), () => fs.statSync(at('f/x')), () => (fs.statSync(at('f')).mode & fs.constants.S_IFMT) === fs.constants.S_IFREG);
run(() => fs.existsSync(at('f')), () => fs.existsSync(at('no')), () => fs.existsSync(5), () => fs.existsSync(), () => fs.existsSync('a\0'), () => fs.accessSync(at('f')), () => fs.accessSync(at('f'), fs.constants.R_OK), () => fs.accessSync(at('no')), () => fs.accessSync(at('f'), fs.constants.X_OK), () => fs.accessSync(at('f'), 9), () => fs.accessSync(at('f'), '1'));
run(() => fs.renameSync(at('no'), at('x')), () => fs.renameSync(at('m'), at('m2')), () => fs.existsSync(at('m2')), () => fs.renameSync(at('m2')), () => fs.copyFileSync(at('no'), at('x')), () => fs.copyFileSync(at('f'), at('d')), () => fs.copyFileSync(at('f'), at('g'), fs.constants.COPYFILE_EXCL), () => fs.copyFileSync(at('f'), at('g'), fs.constants.COPYFILE_EXCL), () => fs.copyFileSync(at('f'), at('g')), () => fs.readFileSync(at('g'), 'utf8'), () => fs.cpSync(at('t'), at('t2'), { recursive: true }), () => fs.readdirSync(at('t2'), { recursive: true }).sort(), () => fs.cpSync(at('f'), at('t2/new')), () => fs.cpSync(at('no'), at('x')));
run(() => fs.symlinkSync('f', at('s')), () => fs.readlinkSync(at('s')), () => fs.readlinkSync(at('s'), 'hex'), () => fs.readFileSync(at('s'), 'utf8'), () => fs.readlinkSync(at('f')), () => fs.readlinkSync(at('no')), () => fs.symlinkSync('f', at('s')), () => fs.realpathSync(at('s')) === fs.realpathSync(at('f')), () => fs.linkSync(at('f'), at('hard')), () => fs.statSync(at('f')).nlink, () => fs.linkSync(at('no'), at('y')), () => fs.unlinkSync(at('s')), () => fs.existsSync(at('f')));
run(() => fs.chmodSync(at('f'), 0o600), () => (fs.statSync(at('f')).mode & 0o777).toString(8), () => fs.chmodSync(at('f'), '640'), () => (fs.statSync(at('f')).mode & 0o777).toString(8), () => fs.chmodSync(at('f'), 'x'), () => fs.chmodSync(at('no'), 0o600), () => fs.chownSync(at('f'), -2, 0), () => fs.chownSync(at('f'), process.getuid ? -1 : -1, -1), () => fs.lchownSync(at('no'), 0, 0), () => fs.truncateSync(at('g'), 1), () => fs.readFileSync(at('g'), 'utf8'), () => fs.truncateSync(at('g'), -1), () => fs.statSync(at('g')).size, () => fs.truncateSync(at('g'), 'x'), () => fs.truncateSync(at('no')), () => fs.utimesSync(at('f'), 1, 2.5), () => [fs.statSync(at('f')).atimeMs, fs.statSync(at('f')).mtimeMs, fs.statSync(at('f')).mtime.toJSON()], () => fs.utimesSync(at('f'), new Date(5000), '7'), () => [fs.statSync(at('f')).atimeMs, fs.statSync(at('f')).mtimeMs], () => fs.utimesSync(at('f'), 'x', 1), () => fs.utimesSync(at('no'), 1, 1));
run(() => fs.mkdtempSync(at('no/x-')), () => fs.mkdtempSync(5), () => fs.existsSync(fs.mkdtempSync(at('x-'))));
const fd = fs.openSync(at('rw'), 'w+', 0o644);
const b = Buffer.alloc(6);
run(() => typeof fd, () => fs.writeSync(fd, 'héllo'), () => fs.writeSync(fd, Buffer.from('12345'), 1, 2), () => fs.writeSync(fd, Buffer.from('AB'), 0, 2, 0), () => fs.writeSync(fd, 'Z', 3), () => fs.writeSync(fd, '7879', null, 'hex'), () => fs.readFileSync(at('rw'), 'utf8'), () => fs.readSync(fd, b), () => fs.readSync(fd, b, 0, 3, 1), () => b, () => fs.readSync(fd, b, { position: 0, length: 2 }), () => b, () => fs.readSync(fd, b, 0, 7), () => fs.readSync(fd, b, -1, 1), () => fs.readSync(fd, 'x'), () => fs.readSync(fd, Buffer.alloc(0)), () => fs.readSync(999, b), () => fs.readSync(1.5, b), () => fs.writeSync(999, 'x'), () => fs.writeSync(fd, 5), () => fs.writeSync(fd, b, 7), () => fs.writeSync(fd, b, 1, 6), () => fs.readvSync(fd, [b, Buffer.alloc(1)], 0), () => fs.writevSync(fd, [Buffer.from('ab'), Buffer.from('c')], 0), () => fs.readFileSync(at('rw'), 'utf8'), () => fs.fstatSync(fd).size, () => fs.ftruncateSync(fd, 2), () => fs.fstatSync(fd).size, () => fs.futimesSync(fd, 3, 4), () => fs.fstatSync(fd).mtimeMs, () => fs.fchmodSync(fd, 0o600), () => fs.fsyncSync(fd), () => fs.fdatasyncSync(fd), () => fs.writeFileSync(fd, 'more'), () => fs.readFileSync(fd, 'utf8'), () => fs.closeSync(fd), () => fs.closeSync(999), () => fs.closeSync('x'), () => fs.closeSync(-1), () => fs.fstatSync(999), () => fs.ftruncateSync(999), () => fs.openSync(at('no')), () => fs.openSync(at('f'), 'q'));
const a = fs.openSync(at('app'), 'a+');
run(() => fs.writeSync(a, 'one'), () => fs.writeSync(a, 'two', 0), () => fs.readFileSync(at('app'), 'utf8'), () => fs.closeSync(a));
run(() => [fs.constants.O_RDONLY, fs.constants.F_OK, fs.constants.R_OK, fs.constants.W_OK, fs.constants.X_OK, fs.F_OK, fs.R_OK, fs.constants.S_IFDIR, fs.constants.COPYFILE_EXCL], () => fs.readFile(5, () => {}), () => fs.promises === require('fs/promises'), () => fs.promises.constants.R_OK);
const steps = [];
const note = name => (...args) => steps.push(plain(name + ' ' + args.map(show.text).join(' ')));
fs.readFile(at('f'), 'utf8', note('readFile'));
fs.stat(at('no'), note('stat'));
fs.exists(at('f'), note('exists'));
fs.writeFile(at('cb'), 'cb', note('writeFile'));
fs.readdir(at('t'), {}, note('readdir'));
console.log('callbacks come later', steps.length);
(async () => {
  await fs.promises.writeFile(at('p'), 'promised');
  console.log(await fs.promises.readFile(at('p'), 'utf8'), (await fs.promises.stat(at('p'))).size, await fs.promises.readdir(at('t')));
  await fs.promises.readFile(at('no')).catch(e => console.log(plain(show.failure(e))));
  await fs.promises.readFile(5.5).catch(e => console.log(show.failure(e)));
  await fs.promises.access(at('p'));
  await fs.promises.mkdir(at('p1/p2'), { recursive: true });
  await fs.promises.rename(at('p'), at('p1/p'));
  await fs.promises.copyFile(at('p1/p'), at('p1/p3'));
  await fs.promises.appendFile(at('p1/p'), '!');
  console.log(await fs.promises.readFile(at('p1/p'), 'utf8'));
  await fs.promises.unlink(at('p1/p'));
  await fs.promises.rm(at('p1'), { recursive: true });
  await fs.promises.access(at('p1')).catch(e => console.log(plain(show.failure(e))));
  await new Promise(resolve => setTimeout(resolve, 50));
  console.log(steps.sort().join('\n'));
  fs.rmSync(dir, { recursive: true });
})();
