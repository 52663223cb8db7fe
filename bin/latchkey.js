#!/usr/bin/env node
import { existsSync } from 'node:fs';
import module from 'node:module';
import { fileURLToPath } from 'node:url';

// Written so that an older Node can read it, and say more than that it does not know something. What is
// imported by a name that it does not have would stop it before the first line.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 24 || (major === 24 && minor < 15)) {
  process.stderr.write(`Latchkey needs Node 24.15 or newer; this is ${process.versions.node}.\n`);
  process.exit(1);
}

// A package has compiled files: Node strips no types below node_modules. A checkout has none.
const compiled = new URL('../dist/commands/latchkey-command.js', import.meta.url);
const source = new URL('../src/commands/latchkey-command.ts', import.meta.url);
const isCompiled = existsSync(compiled);
// See src/server.ts. Loading what is compiled already gains little by it, and takes memory.
if (!isCompiled)
  module.enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/latchkey', import.meta.url)));
const { runLatchkeyCommand } = await import((isCompiled ? compiled : source).href);
await runLatchkeyCommand(process.argv.slice(2));
