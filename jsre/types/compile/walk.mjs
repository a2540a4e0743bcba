// Prints the members that the declarations in a folder have, as testdata/runtime.js prints those of the runtime.
import ts from 'typescript';
import path from 'node:path';

const folder = process.argv[2];
const { config } = ts.readConfigFile(path.join(folder, 'tsconfig.json'), ts.sys.readFile);
const parsed = ts.parseJsonConfigFileContent(config, ts.sys, folder);
const program = ts.createProgram(parsed.fileNames, parsed.options);
const checker = program.getTypeChecker();
const ours = (symbol) => symbol.declarations?.some((d) => d.getSourceFile().fileName.startsWith(path.join(folder, 'types')));
const isValue = (symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol).flags & ts.SymbolFlags.Value;
const lines = new Set();
const skipped = ['env', 'versions', 'default', 'strict', 'ok'];
const add = (at, name) => { if (/^[A-Za-z_$][\w$]*$/.test(name)) lines.add(at + '.' + name); };
const named = (type) => checker.getPropertiesOfType(type).filter((p) => ours(p) && p.name !== 'prototype');
const typeOf = (symbol) => checker.getTypeOfSymbol(symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol);

function instance(type) {
  const constructor = type.getConstructSignatures()[0];
  return constructor ? constructor.getReturnType() : type.getProperty('prototype') && checker.getTypeOfSymbol(type.getProperty('prototype'));
}
function members(at, type, deep) {
  const made = instance(type);
  if (made || type.getCallSignatures().length) for (const p of named(type)) add(at, p.name);
  else if (deep) for (const p of named(type)) add(at, p.name);
  if (made) for (const p of named(made)) add(at + '.prototype', p.name);
}
for (const module of checker.getAmbientModules()) {
  const id = module.name.slice(1, -1);
  if (/^(node|edgeros):/.test(id)) continue;
  const assigned = module.exports?.get('export=');
  const list = assigned ? named(typeOf(assigned)) : checker.getExportsOfModule(module).filter(isValue);
  if (assigned) members(id, typeOf(assigned), true);
  for (const symbol of list) {
    add(id, symbol.name);
    if (!skipped.includes(symbol.name) && !(assigned && typeOf(symbol) === typeOf(assigned))) members(id + '.' + symbol.name, typeOf(symbol), false);
  }
}
for (const symbol of checker.getSymbolsInScope(program.getSourceFiles().at(-1), ts.SymbolFlags.Value)) {
  if (!ours(symbol) || symbol.name.startsWith('"') || ['require', 'module', 'exports', '__filename', '__dirname', 'global'].includes(symbol.name)) continue;
  lines.add(symbol.name);
  const type = typeOf(symbol);
  if (type.getConstructSignatures().length || type.getCallSignatures().length || instance(type)) members(symbol.name, type, false);
}
console.log([...lines].sort().join('\n'));
