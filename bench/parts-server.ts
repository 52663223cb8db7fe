import { readFileSync } from 'node:fs';
import express from 'express';
import { createAccountStore } from '../src/accounts/account-store.ts';
import { createGrants } from '../src/sessions/grants.ts';
import { createLeases } from '../src/sessions/leases.ts';
import { createKeyRing } from '../src/sessions/seal.ts';
import { createSessionMiddleware, readSignedIn } from '../src/sessions/session.ts';
import { RecordStore } from '../src/sessions/session-store.ts';
import { openStores } from '../src/storage/stores.ts';
import { createLog, createRequestLog } from '../src/web/log.ts';
import { createSecurityHeaders } from '../src/web/security-headers.ts';

/*
 * A page that is there already, sent with as many of Latchkey's own parts in front of it as PARTS names:
 * for `parts.ts`.
 */

const { PARTS = '', PAGE_FILE = '', DATABASE_FILE = '', SECRET = '', PORT = '' } = process.env;
const has = (part: string) => PARTS.split(',').includes(part);

const text = readFileSync(PAGE_FILE, 'utf8');
const file = { databaseUrl: null, databasePoolSize: 1, sessionStoreUrl: null, sessionStorePrefix: '' };
const { records, database } = await openStores({ file: DATABASE_FILE, ...file }, Date.now);
const keys = createKeyRing([SECRET]);
const day = 24 * 60 * 60 * 1000;
const limits = { idleMilliseconds: day, absoluteMilliseconds: 14 * day };
const accounts = createAccountStore(database, Date.now, async () => {});
const grants = createGrants(records, keys, createLeases(records, Date.now), Date.now, () => {});

const app = express();
app.disable('x-powered-by');
app.set('etag', false);
app.get('/', (_request, response) => void response.send('ready'));
if (has('headers')) app.use(createSecurityHeaders({ secure: false, wholeSite: true, imageSources: [] }));
if (has('log')) app.use(createRequestLog(createLog('info', process.stdout, false), () => false));
if (has('session'))
  app.use(
    createSessionMiddleware(new RecordStore(records, limits, Date.now), keys, { secure: false, limits }),
  );
app.get('/profile', async (request, response) => {
  if (has('account')) {
    const { accountId, ref } = readSignedIn(request)!;
    const identities = await accounts.listIdentities(accountId);
    const held = await Promise.all(identities.map(({ id }) => grants.get({ ref, identityId: id })));
    if (held.length === 0 || held.includes(null)) throw new Error('somebody unknown');
  }
  response.send(text);
});
app.listen(Number(PORT), '127.0.0.1');
