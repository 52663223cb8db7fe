#!/usr/bin/env node
import { existsSync } from 'node:fs';

// Written so that an older Node can read it, and say more than that it does not know something.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 24 || (major === 24 && minor < 15)) {
  process.stderr.write(`Latchkey needs Node 24.15 or newer; this is ${process.versions.node}.\n`);
  process.exit(1);
}

// A package has compiled files: Node strips no types below node_modules. A checkout has none.
const compiled = new URL('../dist/commands/latchkey-command.js', import.meta.url);
const source = new URL('../src/commands/latchkey-command.ts', import.meta.url);
const { runLatchkeyCommand } = await import((existsSync(compiled) ? compiled : source).href);
await runLatchkeyCommand(process.argv.slice(2));
