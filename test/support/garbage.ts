import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');

/** What nobody can reach any more is gone when it returns: for tests that look at the memory in use. */
export const collectGarbage = runInNewContext('gc') as () => void;
