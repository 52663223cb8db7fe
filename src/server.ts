import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

/*
 * The entry point of a checkout: `node src/server.ts`. What Node has made of the sources, types
 * stripped and compiled, is kept for the next start, which then takes half the time. Not in the
 * system's folder for temporary files: whoever can write there could put other code in its place.
 * Where the project's own folder is read-only nothing is kept, and nothing fails.
 */
enableCompileCache(join(import.meta.dirname, '../node_modules/.cache/latchkey'));
// Behind it, for whatever is imported at the top is loaded before.
const { main } = await import('./serve.ts');
await main();
